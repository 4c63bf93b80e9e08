import Foundation
import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

/// A private authority, and a certificate of a server at 127.0.0.1.
private struct Certificates {
    private let temporary: TemporaryFolder
    var folder: String { temporary.path }

    init() throws {
        temporary = try TemporaryFolder()
        let log = "\(folder)/log"
        try "subjectAltName = IP:127.0.0.1\n".write(toFile: "\(folder)/extensions", atomically: false, encoding: .utf8)
        for name in ["authority", "stranger"] {
            try runTool(
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2",
                "-subj", "/CN=\(name)", "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).pem", log: log)
        }
        try runTool(
            "/usr/bin/openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            "/CN=server",
            "-keyout", "\(folder)/server.key", "-out", "\(folder)/server.csr", log: log)
        try runTool(
            "/usr/bin/openssl", "x509", "-req", "-in", "\(folder)/server.csr", "-CA", "\(folder)/authority.pem",
            "-CAkey", "\(folder)/authority.key", "-CAcreateserial", "-days", "2", "-extfile", "\(folder)/extensions",
            "-out", "\(folder)/server.pem", log: log)
    }
}

@Suite struct TLSTests {
    @Test func checksWhoTheServerIs() throws {
        let certificates = try Certificates()
        defer { withExtendedLifetime(certificates) {} }
        let folder = certificates.folder
        let server = try PrivateMariaDB(options: ["--ssl-cert=\(folder)/server.pem", "--ssl-key=\(folder)/server.key"])
        try server.administer("CREATE USER u@'%' IDENTIFIED BY 'secret' REQUIRE SSL")
        var address = MariaDBAddress(.tcp(host: "127.0.0.1", port: server.port), user: "u", password: "secret")
        #expect(throws: DatabaseError.self, "without TLS") { try MariaDBConnection(address) }

        address.tls = .init(authorities: "\(folder)/authority.pem")
        let connection = try MariaDBConnection(address)
        #expect(try connection.ask("SHOW STATUS LIKE 'Ssl_cipher'")[0][1] != .text(""))
        let text = String(repeating: "x", count: 1_000_000)
        #expect(try connection.ask("SELECT ?", [.text(text)]) == [[.text(text)]])
        try connection.reset()

        // The certificate is for the address, not for this name.
        address.place = .tcp(host: "localhost", port: server.port)
        let wrongName = #expect(throws: DatabaseError.self) { try MariaDBConnection(address) }
        #expect(wrongName?.has(.away, 2026) == true, "\(wrongName as Any)")
        address.place = .tcp(host: "127.0.0.1", port: server.port)
        for authorities in ["\(folder)/stranger.pem", nil, "/nonexistent.pem"] {
            address.tls = .init(authorities: authorities)
            let error = #expect(throws: DatabaseError.self) { try MariaDBConnection(address) }
            #expect(error?.has(.away, 2026) == true, "\(error as Any)")
        }
        address.tls = .init(verifiesServer: false)
        #expect(try MariaDBConnection(address).ask("SELECT 1") == [[.integer(1)]])

        // Writing to a closed connection would end a process that does not ignore SIGPIPE.
        server.kill()
        #expect(try connection.failure("SELECT ?", [.text(text)]).kind == .away)
        #expect(connection.isBroken)
    }

    @Test func refusesAServerWithoutTLS() throws {
        let server = try PrivateMariaDB.shared.get()
        for verifies in [true, false] {
            var address = server.administrator
            address.tls = .init(verifiesServer: verifies)
            for place in [address.place, .tcp(host: "127.0.0.1", port: server.port)] {
                address.place = place
                let error = #expect(throws: DatabaseError.self) { try MariaDBConnection(address) }
                #expect(error?.has(.away, 2026) == true, "\(error as Any)")
            }
        }
    }
}
