import Glibc
import Testing

/// Who is connected, and what nobody may see.
@Suite struct TLSSecretsTests {
    @Test(arguments: [
        ("subject", "CN=client"), ("common_name", "client"), ("san:email", "client@a.example"), ("san:dns", ""),
        ("san:uri", "spiffe://a.example/client"), ("", ""),
    ])
    func aCertificateNamesItsPeer(_ rule: String, _ principal: String) throws {
        let certificates = try Certificates.get()
        let tls = try TLSServer(
            "client_certificates = \"optional\"\nclient_authorities = \"\(certificates.file("ca.pem"))\"\n"
                + "principal = \"\(rule)\"\n")
        try tls.python(
            """
            import json, subprocess
            named, nameless = client(certificate='client'), client()
            ask(named), ask(nameless)
            def show(*more):
                result = subprocess.run([sys.argv[3], 'connections', '--config', sys.argv[4], *more], capture_output=True, text=True)
                assert result.returncode == 0, result.stderr
                return result.stdout
            report = json.loads(show('--json'))
            rows = {row['connection']['peer']: row['connection'] for row in report['rows']}
            def row(peer): return rows['127.0.0.1:%d' % peer.getsockname()[1]]
            assert report['open'] == 2 and len(rows) == 2, report
            assert row(named)['principal'] == '\(principal)', report
            assert row(nameless)['principal'] == '', report
            assert row(named)['security'] == 'TLSv1.3', report
            assert 0 <= row(named)['idleSeconds'] <= row(named)['ageSeconds'] < 60, report
            lines = show('echo').splitlines()
            assert len(lines) == 3 and lines[0].split()[-2:] == ['SECURITY', 'PRINCIPAL'], lines
            assert show('--limit', '1').splitlines()[-1].startswith('1 more are open'), show('--limit', '1')
            missing = subprocess.run([sys.argv[3], 'connections', 'nothing', '--config', sys.argv[4]], capture_output=True, text=True)
            assert missing.returncode == 1 and 'there is no such listener' in missing.stderr, missing
            """, BuildFolder.martlet, tls.folder.processFile)
    }

    /// Also the fingerprint, which only the file knows.
    @Test func theFingerprintMayBeTheName() throws {
        let certificates = try Certificates.get()
        let tls = try TLSServer(
            "client_certificates = \"required\"\nclient_authorities = \"\(certificates.file("ca.pem"))\"\n"
                + "principal = \"fingerprint\"\n", process: "workers = 1")
        try tls.python(
            """
            import hashlib, subprocess
            peer = client(certificate='client')
            ask(peer)
            expected = hashlib.sha256(ssl.PEM_cert_to_DER_cert(open(files + 'client.pem').read())).hexdigest()
            result = subprocess.run([sys.argv[3], 'connections', '--config', sys.argv[4]], capture_output=True, text=True)
            assert expected in result.stdout, result
            """, BuildFolder.martlet, tls.folder.processFile)
    }

    /// Plain connections, over all kinds of addresses, are listed as well.
    @Test func allConnectionsAreListed() throws {
        let folder = try ServerFolder()
        let path = folder.path + "/echo.sock"
        try folder.installEcho(on: ["127.0.0.1:0", "[::1]:0", "unix:\(path)"])
        let server = try RunningServer(folder, launcher: [])
        let peers = [try server.connect(), try server.connect(), try Peer(.unix(path: path))]
        for peer in peers { #expect(try peer.ask("x") == "x") }
        let output = try folder.martlet("connections").output
        #expect(output.contains(" unix ") && output.contains(" 127.0.0.1:"), "\(output)")
        #expect(output.split(separator: "\n").count == peers.count + 1, "\(output)")
    }

    @Test func secretsAreWrittenForWhoeverStartedTheServerSo() throws {
        let folder = try ServerFolder()
        try folder.installEcho("[tls]\nkey_log = true\n\(Certificates.get().identity("a"))")
        let file = folder.path + "/secrets"
        let server = try RunningServer(folder, launcher: ["env", "SSLKEYLOGFILE=\(file)"])
        try server.waitForLog("the secrets of connections are written to a file")
        try TLSServer.python("ask(client()), ask(client(version=ssl.TLSVersion.TLSv1_2))", port: server.address().port)
        let lines = try Files.text(file).split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines.allSatisfy { $0.count == 3 && $0[1].count == 64 }, "\(lines)")
        let labels = Set(lines.map { String($0[0]) })
        #expect(
            labels.isSuperset(of: ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "CLIENT_RANDOM"]), "\(labels)")
        #expect(try Files.mode(file) == 0o600)
        // A file that others can read gets none.
        chmod(file, 0o644)
        try folder.installEcho("[tls]\nkey_log = true\nminimum_version = \"1.3\"\n\(Certificates.get().identity("a"))")
        let receipt = try server.reload()
        #expect(receipt.entries.contains { $0.outcome == .refused && $0.detail.contains("chmod 600") }, "\(receipt)")
    }

    /// No process writes its memory into a core file: there are the keys.
    @Test func coresHaveNoSecrets() throws {
        let tls = try TLSServer()
        tls.server.mayCrash = true
        try tls.python("ask(client())")
        for process in [tls.server.process.pid, try tls.server.host] {
            #expect(try Files.text("/proc/\(process)/coredump_filter") == "00000010\n", "\(process)")
        }
        let limits = try Files.text("/proc/\(tls.server.host)/limits").split(separator: "\n")
        #expect(limits.contains { $0.hasPrefix("Max core file size        0                    0 ") }, "\(limits)")
    }

    /// The kernel writes cores into the folder of the process, and this process may allow them. A sanitizer does not.
    private static let coresAreFiles: Bool = {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        let pattern = (try? Files.text("/proc/sys/kernel/core_pattern")) ?? "|"
        return !Sanitizer.isOn && limit.rlim_max == .max && !pattern.contains { "|/".contains($0) }
    }()

    /// The same, with a real core of the server.
    @Test(.enabled(if: coresAreFiles, "there are no cores in the folder of the process"))
    func aCoreHasNoKeys() throws {
        let folder = try ServerFolder()
        let certificates = try Certificates.get()
        try folder.installEcho("[tls]\n\(certificates.identity("a"))")
        let cores = folder.path + "/cores"
        let server = try RunningServer(
            folder, launcher: ["sh", "-c", "mkdir '\(cores)'; cd '\(cores)'; ulimit -c unlimited; exec \"$@\"", "sh"])
        server.mayCrash = true
        try TLSServer.python("ask(client())", port: server.address().port)
        // The first one is for the backtrace that Swift prints.
        try waitUntil("the server has ended", within: .seconds(60)) {
            kill(server.process.pid, SIGABRT)
            return !server.process.isRunning
        }
        let files = Files.names(in: cores)
        try #require(!files.isEmpty, "there is no core in \(cores)")
        let secret = try Files.read(certificates.file("a.key"))
        let line = secret.split(separator: UInt8(ascii: "\n"))[1].prefix(40)
        for file in files {
            let core = try Files.read("\(cores)/\(file)")
            #expect(core.count > 1_000 && String(decoding: core.prefix(4).dropFirst(), as: UTF8.self) == "ELF")
            #expect(core.firstRange(of: line) == nil, "\(file) has the key")
        }
    }

    /// What is said about a key that does not fit never says the key.
    @Test func noMessageHasAKey() throws {
        let certificates = try Certificates.get()
        let tls = try TLSServer()
        for key in ["a.key", "a2.key", "b.key", "encrypted.key", "open.key", "ticket.key", "ca.pem"] {
            try tls.folder.listen(
                "echo", plugin: "echo.so", on: ["127.0.0.1:\(tls.port)"],
                "[tls]\ncertificate = \"\(certificates.file("b.pem"))\"\nkey = \"\(certificates.file(key))\"\n")
            let reload = try tls.folder.martlet("reload")
            let check = try tls.folder.martlet("config", "check", tls.folder.plugins)
            let said = reload.output + reload.errors + check.output + check.errors + tls.server.log
            let lines = try String(decoding: Files.read(certificates.file(key)), as: UTF8.self).split(separator: "\n")
            for line in lines where line.count > 20 && !line.hasPrefix("-----") { #expect(!said.contains(line)) }
        }
    }
}
