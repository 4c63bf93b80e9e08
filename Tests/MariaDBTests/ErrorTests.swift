import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

@Suite struct ErrorTests {
    let connection: MariaDBConnection

    init() throws { connection = try connectToNewDatabase() }

    /// The error of a statement after which the connection is as good as before.
    private func failure(_ text: String, _ parameters: [Value] = []) throws -> DatabaseError {
        let error = try connection.failure(text, parameters)
        #expect(!connection.isBroken, "\(error)")
        #expect(try connection.ask("SELECT 1") == [[.integer(1)]])
        return error
    }

    @Test func namesBrokenConstraints() throws {
        try connection.ask("CREATE TABLE parent (id INT PRIMARY KEY)")
        try connection.ask(
            """
            CREATE TABLE t (id TINYINT PRIMARY KEY, name VARCHAR(3) NOT NULL, parent INT REFERENCES parent(id), age INT CHECK (age > 0),
            kind ENUM('a'), day DATE)
            """)
        try connection.ask("INSERT INTO parent VALUES (1)")
        try connection.ask("INSERT INTO t (id, name, parent) VALUES (1, 'a', 1)")
        #expect(try failure("INSERT INTO t (id, name) VALUES (1, 'b')").has(.constraint, 1062))
        #expect(try failure("INSERT INTO t (id, name) VALUES (2, ?)", [.null]).has(.constraint, 1048))
        #expect(try failure("INSERT INTO t (id) VALUES (2)").has(.constraint, 1364))
        #expect(try failure("INSERT INTO t (id, name, parent) VALUES (2, 'b', 9)").has(.constraint, 1452))
        #expect(try failure("DELETE FROM parent").has(.constraint, 1451))
        #expect(try failure("INSERT INTO t (id, name, age) VALUES (2, 'b', -1)").has(.constraint, 4025))
        #expect(try failure("INSERT INTO t (id, name) VALUES (2, 'long')").has(.constraint, 1406))
        #expect(try failure("INSERT INTO t (id, name) VALUES (?, 'b')", [.integer(1_000)]).has(.constraint, 1264))
        #expect(try failure("INSERT INTO t (id, name, kind) VALUES (2, 'b', 'z')").has(.constraint, 1265))
        #expect(try failure("INSERT INTO t (id, name, day) VALUES (2, 'b', 'never')").has(.constraint, 1292))
    }

    @Test func namesWrongStatements() throws {
        #expect(try failure("SELECT FROM WHERE").has(.syntax, 1064))
        #expect(try failure("SELECT * FROM nothing").has(.syntax, 1146))
        #expect(try failure("SELECT nothing").has(.syntax, 1054))
        #expect(try failure("SELECT no_such_function(1)").has(.syntax, 1305))
        #expect(try failure("SELECT 1; SELECT 2").has(.syntax, 1064))
    }

    @Test func checksParameters() throws {
        #expect(try failure("SELECT ?, ?", [.integer(1)]).kind == .parameter)
        #expect(try failure("SELECT ?", []).kind == .parameter)
        #expect(try failure("SELECT 1 + 1", [.null]).kind == .parameter)
    }

    @Test func refusesParametersLargerThanTheServerTakes() throws {
        // 16 MB less what a message has besides.
        let most = 16 * 1_048_576 - 512
        let text = Value.text(String(repeating: "x", count: most))
        #expect(try connection.ask("SELECT LENGTH(?)", [text]) == [[.integer(Int64(most))]])
        #expect(
            try failure("SELECT LENGTH(?), ?", [text, .text(String(repeating: "y", count: 600))]).has(.parameter, 1153))
        let long = "SELECT '\(String(repeating: "z", count: most + 600))'"
        #expect(try failure(long).has(.parameter, 1153))
    }

    @Test func namesAFullTable() throws {
        try connection.query("SET max_heap_table_size = 16384")
        try connection.ask("CREATE TABLE t (v CHAR(255)) ENGINE = MEMORY")
        #expect(try failure("INSERT INTO t SELECT 'x' FROM seq_1_to_10000").has(.full, 1114))
    }

    @Test func cutsASlowStatement() throws {
        var address = try PrivateMariaDB.shared.get().makeDatabase()
        address.statementTimeout = .milliseconds(300)
        let connection = try MariaDBConnection(address)
        for statement in ["SELECT SLEEP(60)", "SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_100000 b"] {
            let (error, time) = try measure { try connection.failure(statement) }
            #expect(error.has(.timeout, 1969))
            #expect(time < .seconds(5))
            #expect(!connection.isBroken)
            #expect(try connection.ask("SELECT 1") == [[.integer(1)]])
        }
        // In the middle of the rows.
        #expect(try connection.failure("SELECT seq, SLEEP(0.001) FROM seq_1_to_100000").has(.timeout, 1969))
        #expect(try connection.ask("SELECT 1") == [[.integer(1)]])
    }

    @Test func tellsThatAStatementWasInterrupted() throws {
        let server = try PrivateMariaDB.shared.get()
        let number = try connection.number
        let connection = connection
        let query = Background { try connection.failure("SELECT SLEEP(60)") }
        try server.waitUntilRunning(number)
        try server.administer("KILL QUERY \(number)")
        #expect(try query.value().has(.timeout, 1317))
        #expect(!connection.isBroken)
        #expect(try connection.ask("SELECT 1") == [[.integer(1)]])
    }

    @Test func tellsThatAUserMayNot() throws {
        let server = try PrivateMariaDB.shared.get()
        var address = try server.makeDatabase()
        let database = address.database!
        try server.administer(
            "CREATE USER u_\(database)@localhost IDENTIFIED BY 'secret'", "CREATE TABLE \(database).t (v INT)",
            "GRANT INSERT ON \(database).* TO u_\(database)@localhost")
        (address.user, address.password) = ("u_\(database)", "secret")
        let user = try MariaDBConnection(address)
        try user.run("INSERT INTO t VALUES (1)")
        #expect(try user.failure("SELECT * FROM t").has(.denied, 1142))
        #expect(try user.failure("SELECT * FROM mysql.global_priv").has(.denied, 1142))
        #expect(try user.failure("CREATE DATABASE other").has(.denied, 1044))
        #expect(!user.isBroken)
        try server.administer("REVOKE INSERT ON \(database).* FROM u_\(database)@localhost")
        #expect(throws: DatabaseError.self) { try MariaDBConnection(address) }
    }

    @Test func wantsToBeReplacedWhenTheServerIsReadOnly() throws {
        let server = try PrivateMariaDB()
        var address = server.administrator
        try server.administer(
            "CREATE DATABASE d", "CREATE TABLE d.t (v INT)", "CREATE USER u@localhost",
            "GRANT ALL ON d.* TO u@localhost")
        (address.user, address.database) = ("u", "d")
        let user = try MariaDBConnection(address)
        try user.run("INSERT INTO t VALUES (1)")
        try server.administer("SET GLOBAL read_only = 1")
        #expect(try user.failure("INSERT INTO t VALUES (1)").has(.readOnly, 1290))
        #expect(user.isBroken)

        let other = try MariaDBConnection(server.administrator)
        try other.query("SET SESSION TRANSACTION READ ONLY")
        #expect(try other.failure("INSERT INTO d.t VALUES (1)").has(.readOnly, 1792))
        #expect(other.isBroken)
    }
}
