import CMariaDB
import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

@Suite struct ResultTests {
    let connection: MariaDBConnection

    init() throws { connection = try connectToNewDatabase() }

    @Test func readsManyRows() throws {
        let result = try connection.run("SELECT seq, CONCAT('row ', seq) FROM seq_1_to_100000")
        #expect(result.columns == ["seq", "CONCAT('row ', seq)"])
        #expect(result.rowCount == 100_000)
        #expect(result.rows.last == [.integer(100_000), .text("row 100000")])
    }

    @Test func tellsChangesAndIDs() throws {
        try connection.run("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)")
        let first = try connection.run("INSERT INTO t (v) VALUES (?)", [.integer(5)])
        #expect((first.changes, first.lastID) == (1, 1))
        #expect(first.columns.isEmpty && first.rowCount == 0)
        #expect(try connection.run("INSERT INTO t (v) VALUES (?)", [.integer(5)]).lastID == 2)
        let upsert = "INSERT INTO t (id, v) VALUES (2, 7) ON DUPLICATE KEY UPDATE v = LAST_INSERT_ID(v + 10)"
        #expect(try connection.run(upsert).lastID == 15)
        #expect(try connection.run("UPDATE t SET v = 5").changes == 1)
        // Rows that are as they should be do not count.
        #expect(try connection.run("UPDATE t SET v = 5").changes == 0)
        #expect(try connection.run("UPDATE t SET v = 6").changes == 2)
        let returned = try connection.run("DELETE FROM t RETURNING id")
        #expect(returned.changes == 2 && returned.rows == [[.integer(1)], [.integer(2)]])
        #expect(try connection.run("SELECT * FROM t").columns == ["id", "v"])
        #expect(try connection.run("SELECT * FROM t").rowCount == 0)
    }

    @Test func refusesALargeResultAndStaysUsable() throws {
        for query in [
            "SELECT REPEAT('x', 1000) FROM seq_1_to_10000", "SELECT REPEAT('x', 1000000)",
            "SELECT seq FROM seq_1_to_10000",
        ] {
            for _ in 0..<2 {
                let error = try connection.failure(query, limit: 5_000)
                #expect(error.kind == .tooLarge)
                #expect(!connection.isBroken)
                #expect(try connection.ask("SELECT 1") == [[.integer(1)]])
            }
        }
        #expect(try connection.run("SELECT REPEAT('x', 1000)", limit: 1_009).rowCount == 1)
        #expect(try connection.failure("SELECT REPEAT('x', 1000)", limit: 1_008).kind == .tooLarge)
    }

    @Test func followsTheSchema() throws {
        try connection.run("CREATE TABLE t (a INT, b INT)")
        try connection.run("INSERT INTO t VALUES (1, 2)")
        for _ in 0..<2 { #expect(try connection.run("SELECT * FROM t").columns == ["a", "b"]) }
        try connection.run("ALTER TABLE t RENAME COLUMN a TO c")
        for _ in 0..<3 { #expect(try connection.run("SELECT * FROM t").columns == ["c", "b"]) }
        try connection.run("ALTER TABLE t MODIFY COLUMN b VARCHAR(10)")
        for _ in 0..<2 { #expect(try connection.ask("SELECT * FROM t") == [[.integer(1), .text("2")]]) }
        try connection.run("ALTER TABLE t ADD COLUMN d INT DEFAULT 3")
        for _ in 0..<2 { #expect(try connection.ask("SELECT * FROM t") == [[.integer(1), .text("2"), .integer(3)]]) }
        try connection.run("ALTER TABLE t DROP COLUMN b")
        for _ in 0..<2 { #expect(try connection.ask("SELECT * FROM t") == [[.integer(1), .integer(3)]]) }
    }

    @Test func doesNotChangeTwiceWhatItCannotRead() throws {
        try connection.run("CREATE TABLE t (a INT)")
        let insert = "INSERT INTO t (a) VALUES (1) RETURNING *"
        try connection.run(insert)
        try connection.run("ALTER TABLE t ADD COLUMN b INT")
        #expect(try connection.failure(insert).has(.other, 2057))
        #expect(try connection.ask("SELECT COUNT(*) FROM t") == [[.integer(2)]])
        #expect(try connection.ask(insert) == [[.integer(1), .null]])
        #expect(!connection.isBroken)
    }

    @Test func preparesAgainWhatTheServerHasForgotten() throws {
        #expect(try connection.ask("SELECT ? + 1", [.integer(1)]) == [[.integer(2)]])
        let known = try #require(connection.prepared.values.first { $0.parameterCount == 1 })
        var id = UInt32(known.handle.pointee.stmt_id)
        let code = withUnsafeMutableBytes(of: &id) {
            connection.handle.pointee.methods.pointee.db_command(
                connection.handle, COM_STMT_CLOSE, $0.baseAddress?.assumingMemoryBound(to: CChar.self), 4, 1, nil)
        }
        #expect(code == 0)
        #expect(try connection.ask("SELECT ? + 1", [.integer(2)]) == [[.integer(3)]])
        #expect(connection.prepared.values.contains { $0 === known } == false)
    }

    @Test func makesRoomForStatements() throws {
        let server = try PrivateMariaDB(options: ["--max-prepared-stmt-count=5"])
        let connection = try MariaDBConnection(server.administrator)
        for number in 0..<12 { #expect(try connection.ask("SELECT \(number)") == [[.integer(Int64(number))]]) }
    }
}
