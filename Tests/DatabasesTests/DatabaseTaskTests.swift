import DatabasePools
import Glibc
import SQL
import Testing
import Threads

@testable import Databases

/// Backups and checks that are asked for from outside.
@Suite struct DatabaseTaskTests {
    private let folder: String

    init() {
        var name = Array("/tmp/martlet-tasks-XXXXXX\0".utf8CString)
        guard mkdtemp(&name) != nil else { fatalError("mkdtemp: \(errno)") }
        folder = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func removeFiles() {
        for name in ["main.db", "main.db-wal", "main.db-shm", "main.db-lock", "copy.db"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private func open() throws -> Databases {
        let databases = Databases([
            DatabaseSettings(name: "main", place: .sqlite(path: "\(folder)/main.db"), pool: PoolSettings())
        ])
        let main = try #require(try databases.database("main"))
        let reply = Reply<Job.Outcome>()
        let create = Job([Command(main.statement("CREATE TABLE a (k)"))]) { reply.set($0) }
        #expect(main.submit(create) == nil)
        _ = try reply.wait().get()
        return databases
    }

    private func wait(_ databases: Databases, _ number: Int) throws -> DatabaseTaskReport {
        var time = WaitingTime(until: .after(milliseconds: 20_000))
        while true {
            let report = try #require(try databases.ask(.look(number: number), of: "main"))
            if !report.isRunning || time.next() == nil { return report }
            sched_yield()
        }
    }

    @Test func aBackupAndACheckRunToTheirEnd() throws {
        let databases = try open()
        defer { removeFiles() }
        let copy = try #require(
            try databases.ask(.begin(.backup(path: "\(folder)/copy.db", replaces: false)), of: "main"))
        let report = try wait(databases, copy.number)
        #expect(report.state == .copied(bytes: 8_192) && report.done == report.total && report.total == 8_192)
        let check = try #require(try databases.ask(.begin(.checkIntegrity), of: "main"))
        #expect(check.number != copy.number)
        #expect(try wait(databases, check.number).state == .checked(problems: []))
        // It may be asked for again.
        #expect(try wait(databases, copy.number).state == .copied(bytes: 8_192))
        databases.stop()
    }

    @Test func aFailureHasItsReason() throws {
        let databases = try open()
        defer { removeFiles() }
        let copy = try #require(
            try databases.ask(.begin(.backup(path: "/nowhere/copy.db", replaces: false)), of: "main"))
        #expect(
            try wait(databases, copy.number).state
                == .failed(DatabaseError(.other, "open /nowhere/copy.db.partial: No such file or directory")))
        databases.stop()
    }

    @Test func whatIsNotThereIsSaid() throws {
        let databases = try open()
        defer { removeFiles() }
        #expect(try databases.ask(.begin(.checkIntegrity), of: "other") == nil)
        let error = #expect(throws: DatabaseTaskProblem.self) { try databases.ask(.look(number: 7), of: "main") }
        #expect(error?.text == "the host knows nothing of it: it was renewed or has crashed meanwhile")
        databases.stop()
        let late = #expect(throws: DatabaseTaskProblem.self) { try databases.ask(.begin(.checkIntegrity), of: "main") }
        #expect(late?.text == "the host is ending")
    }

    /// Without a database behind them: each goes on until it is told otherwise.
    @Test func aTaskThatIsCancelledEnds() throws {
        let task = DatabaseTask(1)
        let hasBegun = Reply<Bool>()
        try task.start { task throws(DatabaseError) in
            var count: UInt64 = 0
            while true {
                count += 1
                try task.note(count, of: 0)
                hasBegun.set(true)
                sched_yield()
            }
        }
        _ = hasBegun.wait()
        #expect(task.isRunning && !task.isOver && task.look().done > 0)
        task.stop()
        #expect(task.look().state == .failed(DatabaseTask.cancelled))
        #expect(!task.isRunning)
    }

    @Test func aServerOfMariaDBIsReferredToItsTools() throws {
        var server = MariaDBSettings(user: "u", database: "shop")
        server.socket = "/nowhere.sock"
        let databases = Databases([DatabaseSettings(name: "main", place: .mariaDB(server), pool: PoolSettings())])
        defer { removeFiles() }
        _ = try databases.database("main")
        for (work, tool) in [
            (DatabaseWork.backup(path: "/a", replaces: false), "mariadb-dump --single-transaction shop"),
            (.checkIntegrity, "CHECK TABLE, or mariadb-check shop"),
        ] {
            let begun = try #require(try databases.ask(.begin(work), of: "main"))
            #expect(
                try wait(databases, begun.number).state
                    == .failed(
                        DatabaseError(.denied, "main is a database of MariaDB, and this is for SQLite; try: \(tool)")))
        }
        databases.stop()
    }
}
