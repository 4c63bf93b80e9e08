import SQL
import Testing

@testable import MariaDB

@Suite struct StatementKindTests {
    private func refuses(_ text: String) -> Bool {
        do throws(DatabaseError) {
            _ = try StatementKind(of: text)
            return false
        } catch {
            return error.kind == .denied
        }
    }

    @Test func readsTheFirstWord() throws {
        for text in [
            "SELECT 1", "select 1", "  \n\t(SELECT 1) UNION (SELECT 2)", "((select 1))",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "/* SET */ SELECT 1", "-- SET\nSELECT 1", "# SET\n--\nSELECT 1", "/**/SELECT/**/1", "SHOW TABLES",
            "EXPLAIN SELECT 1",
            "VALUES (1)", "SELECT/*+ hint */ 1",
        ] {
            #expect(try StatementKind(of: text) == .read, "\(text)")
        }
        for text in [
            "INSERT INTO t VALUES (1)", "replace t values (1)", "UPDATE t SET v = 1", "DELETE FROM t",
            "CREATE TEMPORARY TABLE t (v INT)", "drop /* x */ temporary table t",
        ] {
            #expect(try StatementKind(of: text) == .change, "\(text)")
        }
        for text in [
            "CREATE TABLE t (v INT)", "ALTER TABLE t ADD v INT", "DROP TABLE t", "TRUNCATE t", "RENAME TABLE t TO u",
        ] {
            #expect(try StatementKind(of: text) == .definition, "\(text)")
        }
    }

    @Test(arguments: [
        "BEGIN", "begin work", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a",
        "RELEASE SAVEPOINT a",
        "XA START 'a'", "SET autocommit = 0", "SET STATEMENT max_statement_time = 0 FOR SELECT 1", "USE mysql",
        "LOCK TABLES t READ",
        "UNLOCK TABLES", "PREPARE a FROM 'COMMIT'", "EXECUTE a", "EXECUTE IMMEDIATE 'COMMIT'", "DEALLOCATE PREPARE a",
        "LOAD DATA INFILE 'a' INTO TABLE t", "LOAD XML INFILE 'a' INTO TABLE t", "CALL p()", "DO SLEEP(1)",
        "HANDLER t OPEN",
        "BEGIN NOT ATOMIC COMMIT; END", "IF 1 THEN COMMIT; END IF", "KILL 1", "FLUSH TABLES", "SHUTDOWN",
        "GRANT ALL ON a TO b",
        "REVOKE ALL ON a FROM b", "INSTALL PLUGIN a SONAME 'a'", "CHANGE MASTER TO x", "RESET MASTER",
        "BACKUP STAGE START",
        "/*! COMMIT */", "/*!50000 COMMIT */", "/*M! COMMIT */", "/*M!100100 SET */ SELECT 1",
        "SELECT 1 /*!99999 + 1 */",
        "/* a */ /* b */ -- c\n # d\n COMMIT", "--\nCOMMIT", "-- x", "/* SELECT", "(COMMIT)", "", ";", "; SELECT 1",
        "?", "1", "'SELECT'",
        "`SELECT`", "\u{A0}SELECT 1", "SELECTED", "\0COMMIT", "--COMMIT",
    ])
    func refuses(text: String) { #expect(refuses(text)) }

    @Test func refusesInsteadOfAsking() throws {
        let connection = try connectToNewDatabase()
        for text in ["COMMIT", "SET @a = 1", "/*!SET*/ SELECT 1", "CALL p()"] {
            #expect(try connection.failure(text).has(.denied, 0))
        }
        #expect(!connection.isBroken)
        #expect(connection.prepared.isEmpty)
        #expect(try connection.failure("SELECT 1; COMMIT").has(.syntax, 1064))
    }
}
