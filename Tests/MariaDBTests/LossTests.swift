import Foundation
import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

extension PrivateMariaDB {
    /// Waits until a connection runs a statement.
    func waitUntilRunning(_ number: Int64) throws {
        let administrator = try MariaDBConnection(administrator)
        try wait {
            try administrator.ask(
                "SELECT 1 FROM information_schema.processlist WHERE id = ? AND state = 'User sleep'", [.integer(number)]
            ).count == 1
        }
    }
}

@Suite struct LossTests {
    let server: PrivateMariaDB

    init() throws { server = try PrivateMariaDB() }

    private func expectUseless(_ connection: MariaDBConnection) {
        #expect(connection.isBroken)
        #expect(throws: DatabaseError.self) { try connection.run("SELECT 1") }
        #expect(throws: DatabaseError.self) { try connection.begin(readsOnly: false) }
        #expect(throws: DatabaseError.self) { try connection.reset() }
        #expect(throws: DatabaseError.self) { try connection.check() }
    }

    @Test func noticesThatTheServerDiedBetweenStatements() throws {
        let connections = try (0..<4).map { _ in try MariaDBConnection(server.administrator) }
        for connection in connections { try connection.run("SELECT 1") }
        try connections[3].begin(readsOnly: false)
        server.kill()
        #expect(try connections[0].failure("SELECT 1").kind == .away)
        #expect(throws: DatabaseError.self) { try connections[1].check() }
        #expect(throws: DatabaseError.self) { try connections[2].reset() }
        #expect(throws: DatabaseError.self) { try connections[3].commit() }
        connections.forEach(expectUseless)
        try server.start()
        connections.forEach(expectUseless)
        #expect(try MariaDBConnection(server.administrator).ask("SELECT 1") == [[.integer(1)]])
    }

    @Test func noticesThatTheServerDiesDuringAStatement() throws {
        let connection = try MariaDBConnection(server.administrator)
        let number = try connection.number
        let query = Background { try connection.failure("SELECT SLEEP(60)") }
        try server.waitUntilRunning(number)
        let (error, time) = try measure {
            server.kill()
            return try query.value()
        }
        #expect(error.kind == .away)
        #expect(time < .seconds(5))
        expectUseless(connection)
    }

    @Test func noticesThatItWasKilled() throws {
        let connection = try MariaDBConnection(server.administrator)
        try server.administer("KILL \(connection.number)")
        #expect(try connection.failure("SELECT 1").kind == .away)
        expectUseless(connection)

        let other = try MariaDBConnection(server.administrator)
        let number = try other.number
        let query = Background { try other.failure("SELECT SLEEP(60)") }
        try server.waitUntilRunning(number)
        try server.administer("KILL \(number)")
        #expect(try query.value().kind == .away)
        expectUseless(other)
    }

    @Test func doesNotWaitForAServerThatHasStopped() throws {
        var address = server.administrator
        address.statementTimeout = .milliseconds(200)
        let connection = try MariaDBConnection(address)
        try connection.run("SELECT 1")
        let other = try MariaDBConnection(address)
        server.stop()
        let (error, time) = try measure { try connection.failure("SELECT 1") }
        #expect(error.kind == .timeout)
        #expect(time < .seconds(5))
        expectUseless(connection)
        #expect(throws: DatabaseError.self) { try other.check() }
        expectUseless(other)
        server.resume()
        // The late answer is nobody's.
        expectUseless(connection)
        #expect(try MariaDBConnection(address).ask("SELECT 2") == [[.integer(2)]])
    }

    /// Unlike a time-out, which says that nothing was done.
    @Test func aChangeWithoutAnAnswerMayHaveBeenDone() throws {
        var address = try server.makeDatabase()
        try MariaDBConnection(address).run("CREATE TABLE t (k INT PRIMARY KEY)")
        address.statementTimeout = .milliseconds(200)
        let single = try MariaDBConnection(address)
        // Otherwise it would wait for what the server prepares.
        try single.run("INSERT INTO t VALUES (?)", [.integer(0)])
        let (open, committing) = (try MariaDBConnection(address), try MariaDBConnection(address))
        for connection in [open, committing] { try connection.begin(readsOnly: false) }
        try committing.run("INSERT INTO t VALUES (1)")
        server.stop()
        #expect(try single.failure("INSERT INTO t VALUES (?)", [.integer(2)]).kind == .away)
        #expect(try open.failure("INSERT INTO t VALUES (3)").kind == .timeout)
        let error = #expect(throws: DatabaseError.self) { try committing.commit() }
        #expect(error?.kind == .away)
        for connection in [single, open, committing] { expectUseless(connection) }
        server.resume()
    }

    @Test func givesUpInTheMiddleOfAnAnswer() throws {
        var address = server.administrator
        address.statementTimeout = .milliseconds(500)
        let connection = try MariaDBConnection(address)
        try connection.query("SET max_statement_time = 0")
        let number = try connection.number
        // The first rows come at once: they are larger than the server's buffer.
        let query = Background {
            try connection.failure("SELECT REPEAT('x', 100000), SLEEP(seq > 3) FROM mysql.seq_1_to_1000000")
        }
        try server.waitUntilRunning(number)
        server.stop()
        let (error, time) = try measure { try query.value() }
        #expect(error.kind == .timeout && error.text.hasPrefix("read rows"))
        #expect(time < .seconds(5))
        expectUseless(connection)
    }

    @Test func givesUpInTheMiddleOfAQuestion() throws {
        var address = server.administrator
        address.statementTimeout = .milliseconds(500)
        let connection = try MariaDBConnection(address)
        try connection.run("SELECT LENGTH(?)", [.text("")])
        server.stop()
        let (error, time) = try measure {
            try connection.failure("SELECT LENGTH(?)", [.text(String(repeating: "x", count: 15_000_000))])
        }
        #expect(error.kind == .timeout)
        #expect(time < .seconds(5))
        expectUseless(connection)
    }

    @Test func doesNotWaitToConnectToAServerThatHasStopped() throws {
        server.stop()
        var address = server.administrator
        address.connectTimeout = .seconds(1)
        for place in [address.place, .tcp(host: "127.0.0.1", port: server.port)] {
            address.place = place
            let (error, time) = measure {
                #expect(throws: DatabaseError.self) { try MariaDBConnection(address) }
            }
            #expect(error?.kind == .away)
            #expect(time < .seconds(5))
        }
    }

    @Test func saysThatTooManyAreConnected() throws {
        try server.administer("SET GLOBAL max_connections = 10", "CREATE USER u@localhost")
        var address = server.administrator
        address.user = "u"
        var connections: [MariaDBConnection] = []
        let error = #expect(throws: DatabaseError.self) {
            for _ in 0..<20 { connections.append(try MariaDBConnection(address)) }
        }
        #expect(error?.has(.away, 1040) == true)
        // They are gone as soon as they are released.
        connections = []
        try wait { (try? MariaDBConnection(address)) != nil }
    }
}
