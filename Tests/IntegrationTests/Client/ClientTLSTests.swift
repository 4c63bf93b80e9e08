import MartletClient
import Testing

@Suite struct ClientTLSTests {
    private func serve(_ table: String = "", name: String = "a") throws -> RunningServer {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so")
        try folder.listen("binary", plugin: "binary.so", "[tls]\n\(try Certificates.get().identity(name))\(table)\n")
        return try RunningServer(folder)
    }

    private func client(
        _ server: RunningServer, _ change: (inout MartletClient.TLS) -> Void = { _ in }
    ) throws -> MartletClient {
        var configuration = MartletClient.Configuration()
        var tls = MartletClient.TLS(authorities: try Certificates.get().file("ca.pem"))
        change(&tls)
        configuration.tls = tls
        configuration.requestTimeout = .seconds(30)
        configuration.retry.connectAttempts = 1
        return try MartletClient(server.address(of: "binary").text, configuration)
    }

    @Test func largeAndManyValuesPassTLS() throws {
        let server = try serve()
        let client = try client(server)
        try AsyncThread.run {
            let value = patternBytes(1 << 20, seed: 1)
            #expect(try await client.put("large", value) == .created)
            #expect(try await client.get("large") == value)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        let value = patternBytes(number * 41, seed: UInt64(number))
                        return try await client.echo(value) == value
                    }
                }
                for try await isSame in group { #expect(isSame) }
            }
        }
    }

    @Test func noCallFailsWhileThePluginIsSwapped() throws {
        let server = try serve()
        let load = try ClientLoad(try client(server))
        for swap in 1...3 {
            let before = load.calls
            try waitUntil("calls are answered") { load.calls > before + 100 }
            try server.folder.install(BuildFolder.plugin("BinaryPlugin"), as: "binary.so", appending: [UInt8(swap)])
            #expect(try server.reload("binary") == .swapped)
        }
        #expect(try load.finish() == [])
    }

    private func failure(_ client: MartletClient) throws -> MartletClientError? {
        try AsyncThread.run {
            do {
                try await client.ping()
                return nil
            } catch let error as MartletClientError {
                return error
            }
        }
    }

    @Test func theCertificateMustBeTrustedAndNameTheServer() throws {
        let (named, other) = (try serve(), try serve(name: "b"))
        #expect(try failure(client(named)) == nil)
        let untrusted = try failure(client(named) { $0.authorities = nil })
        #expect(untrusted?.description.contains("the server's certificate: ") == true, "\(untrusted as Any)")
        let wrongName = try failure(client(other))
        #expect(wrongName?.description.contains("mismatch") == true, "\(wrongName as Any)")
        #expect(try failure(client(other) { $0.serverName = "b.example" }) == nil)
    }

    @Test func theClientShowsItsCertificate() throws {
        let certificates = try Certificates.get()
        let server = try serve(
            "client_certificates = \"required\"\nclient_authorities = \"\(certificates.file("ca.pem"))\"\n")
        let file = server.folder.path + "/client-with-key.pem"
        try Files.replace(
            file, with: Files.read(certificates.file("client.pem")) + Files.read(certificates.file("client.key")),
            mode: 0o600)
        #expect(try failure(client(server) { $0.certificate = file }) == nil)
        #expect(try failure(client(server)) != nil)
    }
}
