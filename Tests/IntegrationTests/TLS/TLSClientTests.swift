import Glibc
import Testing

/// `martlet binary --tls`, `martlet bench --tls`, and `martlet tls`.
@Suite struct TLSClientTests {
    private func serve(_ table: String = "", name: String = "a") throws -> (ServerFolder, RunningServer, String) {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        try folder.listen(
            "binary", plugin: "binary.so", "[tls]\n\(try Certificates.get().identity(name))\(table)\n")
        let server = try RunningServer(folder)
        return (folder, server, "127.0.0.1:\(try server.address(of: "binary").port)")
    }

    private func binary(_ words: String...) throws -> Subprocess.Result {
        try Subprocess.run(BuildFolder.martlet, ["binary"] + words)
    }

    @Test func theClientSpeaksTLS() throws {
        let (_, server, address) = try serve()
        let ca = try Certificates.get().file("ca.pem")
        try withExtendedLifetime(server) {
            let value = String(repeating: "0123456789", count: 10_000)
            #expect(try binary("put", address, "key", value, "--tls", "--ca", ca).status == 0)
            #expect(try binary("get", address, "key", "--tls", "--ca", ca).output == value)
            // Nobody trusts the authority of the tests.
            let untrusted = try binary("ping", address, "--tls")
            #expect(untrusted.status == 1 && untrusted.errors.contains("the server's certificate: "), "\(untrusted)")
            let alone = try binary("ping", address, "--ca", ca)
            #expect(alone.status == 64 && alone.errors.contains("--ca: expected --tls beside it"), "\(alone)")
        }
    }

    @Test func theCertificateMustNameTheServer() throws {
        let (_, server, address) = try serve(name: "b")
        let ca = try Certificates.get().file("ca.pem")
        let result = try withExtendedLifetime(server) { try binary("ping", address, "--tls", "--ca", ca) }
        #expect(result.status == 1 && result.errors.contains("mismatch"), "\(result)")
    }

    @Test func theClientShowsItsCertificate() throws {
        let certificates = try Certificates.get()
        let (folder, server, address) = try serve(
            "client_certificates = \"required\"\nclient_authorities = \"\(certificates.file("ca.pem"))\"\n")
        let ca = certificates.file("ca.pem")
        let file = folder.path + "/client-with-key.pem"
        try Files.replace(
            file, with: Files.read(certificates.file("client.pem")) + Files.read(certificates.file("client.key")),
            mode: 0o600)
        try withExtendedLifetime(server) {
            #expect(try binary("ping", address, "--tls", "--ca", ca, "--cert", file).status == 0)
            let without = try binary("ping", address, "--tls", "--ca", ca)
            #expect(without.status == 1 && without.errors.contains("TLS"), "\(without)")
        }
    }

    // MARK: Load

    @Test func loadsSpeakTLS() throws {
        let folder = try ServerFolder()
        let certificates = try Certificates.get()
        let security =
            "[tls]\n\(certificates.identity("a"))client_certificates = \"optional\"\n"
            + "client_authorities = \"\(certificates.file("ca.pem"))\"\n"
        try folder.installEcho(security)
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen("http", plugin: "http.so", security)
        let server = try RunningServer(folder)
        let echo = "127.0.0.1:\(try server.address().port)"
        let http = "127.0.0.1:\(try server.address(of: "http").port)"
        func bench(_ words: String...) throws -> Subprocess.Result {
            try Subprocess.run(
                BuildFolder.martlet, ["bench"] + words + ["--tls", "--ca", certificates.file("ca.pem")])
        }

        // A message takes several records, and a connection many sends.
        let bytes = try bench(
            "echo", "--address", echo, "--seconds", "0.3", "--connections", "4", "--size", "70000", "--depth", "3")
        #expect(bytes.status == 0 && bytes.output.contains("0 altered, 0 cut short, 0 reset"), "\(bytes)")
        let requests = try bench("http", "--address", http, "--seconds", "0.3", "--connections", "4", "--no-cuts")
        #expect(requests.status == 0 && requests.output.contains("0 reset, 0 closed"), "\(requests)")
        let idle = try bench("idle", "--address", http, "--connections", "5", "--http")
        #expect(idle.status == 0 && idle.output == "holding 5\n", "\(idle)")

        let full = try bench("handshakes", "--address", echo, "--seconds", "0.2")
        #expect(full.status == 0 && full.output.contains(" 0 resumed"), "\(full)")
        let resumed = try bench("handshakes", "--address", echo, "--seconds", "1", "--resume", "--json")
        let report = try decodeJSON(Handshakes.self, from: resumed.output)
        #expect(report.handshakes > 1 && report.resumed == report.handshakes - 1, "\(resumed)")

        // What goes wrong is said.
        let untrusted = try Subprocess.run(
            BuildFolder.martlet, ["bench", "handshakes", "--address", echo, "--tls", "--seconds", "0.1"])
        #expect(untrusted.status == 1 && untrusted.errors.contains("the server's certificate: "), "\(untrusted)")
        let plain = try Subprocess.run(BuildFolder.martlet, ["bench", "handshakes", "--address", echo])
        #expect(plain.status == 64 && plain.errors.contains("expected --tls"), "\(plain)")
        #expect(try server.counts(of: "echo").limits["tls"] == 1)
    }

    private struct Handshakes: Decodable {
        var handshakes: Int
        var resumed: Int
    }

    // MARK: Certificates

    @Test func certificatesAreListedUntilTheyExpire() throws {
        let certificates = try Certificates.get()
        let (folder, server, _) = try serve("[[tls.certificates]]\n\(certificates.identity("b"))")
        try withExtendedLifetime(server) {
            let table = try folder.martlet("tls").output
            #expect(table.contains("a.example,*.wild.example,127.0.0.1") && table.contains("CN=ca"), "\(table)")
            #expect(table.contains("EC 256") && table.contains("RSA 2048") && table.contains(" 29 "), "\(table)")
            let json = try folder.martlet("tls", "--json").output
            #expect(json.contains("\"fingerprint\"") && json.contains("b.example"), "\(json)")
            let metrics = try folder.martlet("metrics").output
            #expect(metrics.contains("martlet_certificate_expiry_seconds{listener=\"binary\",fingerprint="))
        }
        let plain = try RunningServer.echo()
        #expect(try plain.folder.martlet("tls").output == "no listener has a table [tls]\n")
    }

    @Test func anExpiringCertificateIsInTheLog() throws {
        let (_, server, _) = try serve(name: "soon")
        try server.waitForLog("a certificate expires in 9 days")
    }
}
