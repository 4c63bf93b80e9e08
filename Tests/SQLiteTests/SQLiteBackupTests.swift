import CSQLite
import Glibc
import SQL
import Synchronization
import Testing
import Threads

@testable import SQLite

/// Copies of a file that others read and write, and the search for damage in it.
@Suite struct SQLiteBackupTests {
    private let database = TemporaryDatabase()
    private let writer: SQLiteWriter
    private let insert: Statement
    private var copy: String { database.folder + "/copy.db" }

    init() throws {
        writer = SQLiteWriter(database.path)
        var statements = Statements()
        let create = statements.make("CREATE TABLE a (k INTEGER PRIMARY KEY, pair INTEGER REFERENCES a (k), v TEXT)")
        let fill = statements.make(
            "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO a SELECT i, NULL, hex(zeroblob(500)) FROM n"
        )
        insert = statements.make("INSERT INTO a (k, pair) VALUES (?, ?)")
        try writer.start()
        _ = try writer.run(create)
        // About 4 MiB: several steps.
        _ = try writer.run(fill, ValueList(4_000))
    }

    private func end() {
        writer.stop()
        for suffix in ["", ".partial"] { unlink(copy + suffix) }
    }

    /// The answer of a query, on a connection of its own.
    private func ask(_ path: String, _ query: String) throws -> [[String]] {
        let connection = try SQLiteConnection(path, .read)
        return try connection.texts(query, atMost: 100)
    }

    private func run(_ backup: SQLiteBackup) throws -> UInt64 {
        try backup.run { _, _ throws(DatabaseError) in }
    }

    private func problem(_ backup: SQLiteBackup) -> DatabaseError? {
        do throws(DatabaseError) {
            _ = try backup.run { _, _ throws(DatabaseError) in }
            return nil
        } catch {
            return error
        }
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    @Test func aCopyIsTheDatabaseAtOneMomentWhileOthersWrite() throws {
        defer { end() }
        var steps = 0
        var key = 1_000_000
        let size = try SQLiteBackup(of: database.path, to: copy, replaces: false).run {
            (done, total) throws(DatabaseError) in
            #expect(done <= total && total > 3 << 20)
            steps += 1
            #expect(!exists(copy), "it has its name before it is whole")
            // Two rows that refer to each other: both or none are in the copy.
            _ = try writer.run([
                Command(insert, ValueList(key, nil)), Command(insert, ValueList(key + 1, key)),
            ]).get()
            key += 2
        }
        #expect(steps > 3)
        var status = stat()
        #expect(stat(copy, &status) == 0 && status.st_size == size && status.st_mode & 0o777 == 0o600)
        #expect(try ask(copy, "SELECT count(*), max(k) FROM a") == [["4000", "4000"]])
        #expect(try ask(database.path, "SELECT count(*) FROM a") == [["\(4_000 + 2 * steps)"]])
        #expect(try ask(copy, "PRAGMA integrity_check") == [["ok"]])
        for suffix in [".partial", "-wal", "-shm", ".partial-journal", ".partial-wal"] {
            #expect(!exists(copy + suffix), "\(suffix)")
        }
        // It can be read where nothing can be written.
        var handle: OpaquePointer?
        #expect(sqlite3_open_v2("file:\(copy)?immutable=0", &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nil) == 0)
        #expect(sqlite3_exec(handle, "SELECT * FROM a", nil, nil, nil) == SQLITE_OK)
        #expect(!exists(copy + "-wal"))
        sqlite3_close_v2(handle)
    }

    @Test func theLogBeginsAnewAfterACopy() throws {
        defer { end() }
        _ = try run(SQLiteBackup(of: database.path, to: copy, replaces: false))
        var handle: OpaquePointer?
        #expect(sqlite3_open_v2(database.path, &handle, SQLITE_OPEN_READWRITE, nil) == 0)
        defer { sqlite3_close_v2(handle) }
        var (frames, written): (Int32, Int32) = (0, 0)
        #expect(sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &frames, &written) == SQLITE_OK)
        #expect(frames == written, "something still reads an old state")
    }

    @Test func aFileThatIsThereStays() throws {
        defer { end() }
        close(open(copy, O_CREAT | O_WRONLY, 0o644))
        let backup = SQLiteBackup(of: database.path, to: copy, replaces: false)
        #expect(problem(backup) == DatabaseError(.denied, "\(copy) is there already; to replace it: --force"))
        var status = stat()
        #expect(stat(copy, &status) == 0 && status.st_size == 0)
        #expect(try run(SQLiteBackup(of: database.path, to: copy, replaces: true)) > 3 << 20)
        #expect(try ask(copy, "SELECT count(*) FROM a") == [["4000"]])
        #expect(stat(copy, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    /// It comes while the copy is being made.
    @Test func aFileThatComesLaterStaysToo() throws {
        defer { end() }
        let error = #expect(throws: DatabaseError.self) {
            try SQLiteBackup(of: database.path, to: copy, replaces: false).run { _, _ throws(DatabaseError) in
                close(open(copy, O_CREAT | O_WRONLY, 0o644))
            }
        }
        #expect(error?.text == "\(copy) is there already; to replace it: --force")
        #expect(!exists(copy + ".partial"))
    }

    @Test func noDatabaseIsReplaced() throws {
        defer { end() }
        let path = database.path
        for (destination, text) in [
            (path, "\(path) is a database of Martlet: \(path)-lock is beside it"),
            (path + "-wal", "\(path)-wal belongs to the database \(path)"),
            (path + "-lock", "\(path)-lock belongs to the database \(path)"),
            (database.folder, "\(database.folder): expected a file or nothing, found something else"),
        ] {
            let error = problem(SQLiteBackup(of: path, to: destination, replaces: true))
            #expect(error == DatabaseError(.denied, text))
        }
        #expect(try ask(path, "SELECT count(*) FROM a") == [["4000"]])
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        defer { end() }
        let error = problem(SQLiteBackup(of: database.path, to: "/nowhere/copy.db", replaces: false))
        #expect(error == DatabaseError(.other, "open /nowhere/copy.db.partial: No such file or directory"))
    }

    @Test func twoCopiesToOnePlaceDoNotMix() throws {
        defer { end() }
        var second: DatabaseError?
        _ = try SQLiteBackup(of: database.path, to: copy, replaces: false).run { _, _ throws(DatabaseError) in
            second = second ?? problem(SQLiteBackup(of: database.path, to: copy, replaces: false))
        }
        #expect(second == DatabaseError(.busy, "\(copy).partial: another backup to the same file is running"))
        #expect(try ask(copy, "SELECT count(*) FROM a") == [["4000"]])
    }

    /// Such as after the death of a host.
    @Test func whatADeadHostHasLeftIsReplaced() throws {
        defer { end() }
        let file = open(copy + ".partial", O_CREAT | O_WRONLY, 0o600)
        #expect(write(file, "half of something", 17) == 17)
        close(file)
        _ = try run(SQLiteBackup(of: database.path, to: copy, replaces: false))
        #expect(try ask(copy, "PRAGMA integrity_check") == [["ok"]])
    }

    @Test func aLinkIsNotFollowed() throws {
        defer { end() }
        let victim = database.folder + "/victim"
        close(open(victim, O_CREAT | O_WRONLY, 0o600))
        defer { unlink(victim) }
        #expect(symlink(victim, copy + ".partial") == 0)
        #expect(problem(SQLiteBackup(of: database.path, to: copy, replaces: false)) != nil)
        // A second name of a file that somebody else may have open.
        unlink(copy + ".partial")
        #expect(link(victim, copy + ".partial") == 0)
        let error = problem(SQLiteBackup(of: database.path, to: copy, replaces: false))
        #expect(error?.text == "\(copy).partial is there already, and not from a backup of user \(geteuid())")
        var status = stat()
        #expect(stat(victim, &status) == 0 && status.st_size == 0)
    }

    @Test func aCancelledCopyLeavesNothing() throws {
        defer { end() }
        var steps = 0
        let error = #expect(throws: DatabaseError.self) {
            try SQLiteBackup(of: database.path, to: copy, replaces: false).run { _, _ throws(DatabaseError) in
                steps += 1
                if steps == 2 { throw DatabaseError(.undone, "cancelled") }
            }
        }
        #expect(error?.text == "cancelled" && steps == 2)
        #expect(!exists(copy) && !exists(copy + ".partial"))
    }

    // MARK: Checks

    private func check() throws -> [String] { try SQLiteCheck(database.path).run { true } }

    @Test func aFileInOrderHasNoProblems() throws {
        defer { end() }
        #expect(try check() == [])
    }

    @Test func rowsThatReferToNothingAreFound() throws {
        defer { end() }
        // The writer of Martlet does not let it happen.
        var handle: OpaquePointer?
        #expect(sqlite3_open_v2(database.path, &handle, SQLITE_OPEN_READWRITE, nil) == 0)
        #expect(sqlite3_exec(handle, "INSERT INTO a (k, pair) VALUES (9001, 9999)", nil, nil, nil) == SQLITE_OK)
        sqlite3_close_v2(handle)
        #expect(
            try check() == ["table a, row 9001: refers to a row of a that is not there (foreign key 0)"])
    }

    @Test func damageIsFound() throws {
        _ = writer.run([Command(insert, ValueList(9_000, nil))])
        // The log is written back.
        end()
        var handle: OpaquePointer?
        #expect(sqlite3_open_v2(database.path, &handle, SQLITE_OPEN_READWRITE, nil) == 0)
        #expect(sqlite3_exec(handle, "PRAGMA wal_checkpoint(TRUNCATE)", nil, nil, nil) == SQLITE_OK)
        sqlite3_close_v2(handle)
        let file = open(database.path, O_RDWR)
        let nonsense = [UInt8](repeating: 0xA5, count: 8_192)
        #expect(pwrite(file, nonsense, nonsense.count, 40 * 4_096) == nonsense.count)
        close(file)
        let problems = try check()
        #expect(!problems.isEmpty && problems.count <= SQLiteCheck.limit, "\(problems)")
    }

    @Test func whatIsNoDatabaseIsAProblem() throws {
        end()
        let file = open(database.path, O_RDWR | O_TRUNC)
        let nonsense = [UInt8](repeating: 0xA5, count: 8_192)
        #expect(write(file, nonsense, nonsense.count) == nonsense.count)
        close(file)
        #expect(try check().contains { $0.contains("not a database") })
    }

    @Test func aCheckCanBeCancelled() throws {
        defer { end() }
        let error = #expect(throws: DatabaseError.self) { try SQLiteCheck(database.path).run { false } }
        #expect(error?.kind == .timeout)
    }
}
