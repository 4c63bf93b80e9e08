import PrivateMariaDB
import SQL
import Testing

@testable import MariaDB

@Suite struct TransactionTests {
    let address: MariaDBAddress
    let one: MariaDBConnection
    let other: MariaDBConnection

    init() throws {
        address = try PrivateMariaDB.shared.get().makeDatabase()
        one = try MariaDBConnection(address)
        other = try MariaDBConnection(address)
        try one.run("CREATE TABLE t (id INT PRIMARY KEY, v INT)")
        try one.run("INSERT INTO t VALUES (1, 0), (2, 0)")
    }

    private func values() throws -> [Value] {
        try MariaDBConnection(address).ask("SELECT v FROM t ORDER BY id").map { $0[0] }
    }

    @Test func commitsAndRollsBack() throws {
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 1 WHERE id = 1")
        #expect(try values() == [.integer(0), .integer(0)])
        try one.commit()
        #expect(try values() == [.integer(1), .integer(0)])
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 2")
        try one.rollBack()
        try one.rollBack()
        #expect(try values() == [.integer(1), .integer(0)])
        // Again one by one.
        try one.run("UPDATE t SET v = 3")
        #expect(try values() == [.integer(3), .integer(3)])
    }

    @Test func keepsATransactionInWhichAStatementFailed() throws {
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 1 WHERE id = 1")
        #expect(try one.failure("INSERT INTO t VALUES (1, 1)").kind == .constraint)
        try one.run("UPDATE t SET v = 1 WHERE id = 2")
        try one.commit()
        #expect(try values() == [.integer(1), .integer(1)])
    }

    @Test func beginsOnlyOnce() throws {
        try one.begin(readsOnly: false)
        #expect(throws: DatabaseError.self) { try one.begin(readsOnly: false) }
        try one.rollBack()
        try one.begin(readsOnly: false)
    }

    @Test func refusesToCommitByChangingTheSchema() throws {
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 1")
        #expect(try one.failure("CREATE TABLE u (v INT)").kind == .denied)
        #expect(try one.failure("TRUNCATE t").kind == .denied)
        try one.run("CREATE TEMPORARY TABLE u (v INT)")
        try one.run("DROP TEMPORARY TABLE u")
        try one.rollBack()
        #expect(try values() == [.integer(0), .integer(0)])
        try one.run("CREATE TABLE u (v INT)")
    }

    @Test func tellsOneOfTwoSessionsOfADeadlock() throws {
        for (session, id) in [(one, 1), (other, 2)] {
            try session.begin(readsOnly: false)
            try session.run("UPDATE t SET v = v + 1 WHERE id = ?", [.integer(Int64(id))])
        }
        let update = "UPDATE t SET v = v + 10 WHERE id = ?"
        let (one, number) = (one, try one.number)
        let waiting = Background { () -> DatabaseError? in
            do throws(DatabaseError) {
                try one.run(update, [.integer(2)])
                return nil
            } catch {
                return error
            }
        }
        // The server makes this table anew only if nobody has read it for 100 ms.
        try wait(every: 150) {
            try MariaDBConnection(address).ask(
                "SELECT 1 FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = ? AND trx_state = 'LOCK WAIT'",
                [.integer(number)]
            ).count == 1
        }
        var error: DatabaseError?
        do throws(DatabaseError) { try other.run(update, [.integer(1)]) } catch let failure { error = failure }
        let otherError = try waiting.value()
        #expect((error == nil) != (otherError == nil))
        let (victim, winner) = error == nil ? (one, other) : (other, one)
        #expect((error ?? otherError)?.has(.conflict, 1213) == true)
        #expect(!victim.isBroken)
        // Nothing of it may be done on its own.
        #expect(try victim.failure("UPDATE t SET v = 99").kind == .conflict)
        #expect(throws: DatabaseError.self) { try victim.commit() }
        try winner.commit()
        try victim.rollBack()
        #expect(try values() == (winner === one ? [.integer(1), .integer(10)] : [.integer(10), .integer(1)]))
        try victim.run("UPDATE t SET v = 5")
        #expect(try values() == [.integer(5), .integer(5)])
    }

    @Test func saysThatALockWasHeldTooLong() throws {
        try other.query("SET innodb_lock_wait_timeout = 0")
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 1 WHERE id = 1")
        let error = try other.failure("UPDATE t SET v = 2 WHERE id = 1")
        #expect(error.has(.conflict, 1205) && error.text.contains("another transaction has held a lock"))
        try other.begin(readsOnly: false)
        try other.run("UPDATE t SET v = 2 WHERE id = 2")
        #expect(try other.failure("UPDATE t SET v = 2 WHERE id = 1").has(.conflict, 1205))
        #expect(throws: DatabaseError.self) { try other.commit() }
        try other.rollBack()
        try one.commit()
        #expect(try values() == [.integer(1), .integer(0)])
    }

    @Test func saysThatARowHasChanged() throws {
        try one.query("SET innodb_snapshot_isolation = ON")
        try one.begin(readsOnly: false)
        try one.run("SELECT * FROM t")
        try other.run("UPDATE t SET v = 1 WHERE id = 1")
        #expect(try one.failure("UPDATE t SET v = 2 WHERE id = 1").has(.conflict, 1020))
        try one.rollBack()
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 2 WHERE id = 1")
        try one.commit()
        #expect(try values() == [.integer(2), .integer(0)])
    }

    @Test func forgetsEverythingWhenReset() throws {
        try one.query("SET @variable = 1, sql_mode = '', max_statement_time = 0")
        try one.run("CREATE TEMPORARY TABLE temporary (v INT)")
        #expect(try one.ask("SELECT GET_LOCK('a lock', 0)") == [[.integer(1)]])
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 1")
        try one.reset()
        #expect(try values() == [.integer(0), .integer(0)])
        #expect(try one.ask("SELECT @variable") == [[.null]])
        #expect(try one.failure("SELECT * FROM temporary").has(.syntax, 1146))
        #expect(try other.ask("SELECT GET_LOCK('a lock', 0)") == [[.integer(1)]])
        #expect(
            try one.ask("SELECT @@max_statement_time, @@character_set_client, @@character_set_results, @@autocommit")
                == [[.real(30), .text("utf8mb4"), .text("utf8mb4"), .integer(1)]])
        #expect(try one.ask("SELECT @@sql_mode") == other.ask("SELECT @@sql_mode"))
        try one.begin(readsOnly: false)
        try one.run("UPDATE t SET v = 7")
        try one.commit()
        #expect(try values() == [.integer(7), .integer(7)])
    }
}
