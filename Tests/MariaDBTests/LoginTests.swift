import Foundation
import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

@Suite struct LoginTests {
    private func failure(_ address: MariaDBAddress, at location: SourceLocation = #_sourceLocation) throws
        -> DatabaseError
    {
        let error = #expect(throws: DatabaseError.self, sourceLocation: location) { try MariaDBConnection(address) }
        return try #require(error, sourceLocation: location)
    }

    @Test func connectsOverBothKindsOfSockets() throws {
        let server = try PrivateMariaDB.shared.get()
        var address = try server.makeDatabase()
        let name = address.database!
        try server.administer(
            "CREATE USER \(name)@'%' IDENTIFIED BY 'päss'", "GRANT ALL ON \(name).* TO \(name)@'%'")
        (address.user, address.password) = (name, "päss")
        for place in [
            address.place, .tcp(host: "127.0.0.1", port: server.port), .tcp(host: "localhost", port: server.port),
        ] {
            address.place = place
            #expect(try MariaDBConnection(address).ask("SELECT DATABASE()") == [[.text(name)]])
        }
    }

    @Test func logsInInEveryWayThatKeepsThePassword() throws {
        let server = try PrivateMariaDB(options: ["--plugin-load-add=auth_ed25519"])
        try server.administer(
            "CREATE USER ed@localhost IDENTIFIED VIA ed25519 USING PASSWORD('secret')",
            "ALTER USER root@localhost IDENTIFIED VIA unix_socket")
        var address = server.administrator
        if userName == "root" { #expect(try MariaDBConnection(address).ask("SELECT 1") == [[.integer(1)]]) }
        (address.user, address.password) = ("ed", "secret")
        #expect(try MariaDBConnection(address).ask("SELECT 1") == [[.integer(1)]])
        address.password = "wrong"
        #expect(try failure(address).has(.denied, 1045))
    }

    @Test func doesNotTellThePassword() throws {
        var address = try PrivateMariaDB.shared.get().administrator
        address.password = "hunter2"
        let error = try failure(address)
        #expect(error.has(.denied, 1045) && error.text.contains(address.user))
        var dumped = ""
        dump(address, to: &dumped)
        for text in [error.text, "\(address)", String(reflecting: address), "\([address])", dumped] {
            #expect(!text.contains("hunter2"))
        }
    }

    @Test func saysWhatItCannotReach() throws {
        let socket = try failure(MariaDBAddress(.unixSocket(path: "/nonexistent/socket"), user: "root"))
        #expect(socket.has(.away, 2002) && socket.text.contains("/nonexistent/socket"))
        let port = try failure(MariaDBAddress(.tcp(host: "127.0.0.1", port: freePort()), user: "root"))
        #expect(port.kind == .away && port.text.contains("127.0.0.1"))
        let host = try failure(MariaDBAddress(.tcp(host: "host.invalid", port: 1), user: "root"))
        #expect(host.kind == .away && host.text.contains("host.invalid"))
        var address = try PrivateMariaDB.shared.get().administrator
        address.database = "nothing"
        #expect(try failure(address).has(.away, 1049))
    }

    @Test func survivesBrokenPipes() throws {
        _ = try MariaDBConnection(PrivateMariaDB.shared.get().administrator)
        var action = sigaction()
        sigaction(SIGPIPE, nil, &action)
        #expect(
            unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != unsafeBitCast(SIG_DFL, to: Int.self))
    }
}
