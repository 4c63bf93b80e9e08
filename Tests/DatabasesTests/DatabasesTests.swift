import DatabasePools
import Glibc
import SQL
import SQLite
import Testing
import Threads

@testable import Databases

@Suite struct DatabasesTests {
    private let folder: String

    init() {
        var name = Array("/tmp/martlet-databases-XXXXXX\0".utf8CString)
        guard mkdtemp(&name) != nil else { fatalError("mkdtemp: \(errno)") }
        folder = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func settings(_ name: String = "main") -> DatabaseSettings {
        DatabaseSettings(
            name: name, place: .sqlite(path: "\(folder)/\(name).db"), pool: PoolSettings())
    }

    private func removeFiles(_ names: String...) {
        for name in names { for suffix in ["", "-wal", "-shm", "-lock"] { unlink("\(folder)/\(name).db\(suffix)") } }
        rmdir(folder)
    }

    private func run(_ database: any Database, _ text: String, isQuery: Bool = false) -> Job.Outcome {
        let reply = Reply<Job.Outcome>()
        let job = Job([Command(database.statement(text))], isQuery: isQuery) { reply.set($0) }
        if let error = database.submit(job) { return .failure(error) }
        return reply.wait()
    }

    @Test func aPoolIsOpenedOnceAndServesReadersAndWriters() throws {
        let databases = Databases([settings()])
        #expect(try databases.database("other") == nil)
        #expect(databases.reports.isEmpty, "nobody has asked for it yet")
        let main = try #require(try databases.database("main"))
        #expect(try databases.database("main") === main)
        _ = try run(main, "CREATE TABLE a (k)").get()
        #expect(try run(main, "INSERT INTO a VALUES (1), (2)").get()[0].changes == 2)
        #expect(try run(main, "SELECT k FROM a", isQuery: true).get()[0].rowCount == 2)
        guard case .failure(let error) = run(main, "INSERT INTO a VALUES (3)", isQuery: true) else {
            Issue.record("a query has written")
            return
        }
        #expect(error.kind == .readOnly)
        let report = try #require(databases.reports.first)
        #expect(report.name == "main" && report.kind == "sqlite" && report.state == "healthy")
        #expect(report.jobs == 4 && report.failures == 1 && report.commits == 2)
        databases.stop()
        #expect(try databases.database("another") == nil)
        removeFiles("main")
    }

    @Test func changesReachThePools() throws {
        let databases = Databases([settings()])
        let main = try #require(try databases.database("main"))
        _ = try run(main, "SELECT 1", isQuery: true).get()
        #expect(!databases.change("other", .pause))
        #expect(databases.change("main", .pause))
        let waiting = Reply<Job.Outcome>()
        #expect(main.submit(Job([Command(main.statement("SELECT 2"))], isQuery: true) { waiting.set($0) }) == nil)
        #expect(databases.reports.first?.waiting == 1 && waiting.current == nil)
        #expect(databases.change("main", .resume))
        _ = try waiting.wait().get()
        let made = try #require(databases.reports.first).made
        #expect(databases.change("main", .evict))
        var time = WaitingTime(until: .after(milliseconds: 20_000))
        while databases.reports.first?.made == made, time.next() != nil { sched_yield() }
        #expect(databases.reports.first.map { $0.made > made } == true)
        databases.apply([settings(), settings("second")])
        #expect(try databases.database("second") != nil)
        databases.stop()
        removeFiles("main", "second")
    }

    @Test func aPoolThatCannotBeOpenedSaysWhy() throws {
        let databases = Databases([
            DatabaseSettings(
                name: "lost", place: .sqlite(path: "/nowhere/a.db"), pool: PoolSettings())
        ])
        let lost = try #require(try databases.database("lost"))
        for isQuery in [true, false] {
            guard case .failure(let error) = run(lost, "SELECT 1", isQuery: isQuery) else {
                Issue.record("it has answered")
                continue
            }
            #expect(error.kind == .away)
        }
        let report = try #require(databases.reports.first)
        #expect(report.state == "away" && report.problem == "open /nowhere/a.db-lock: No such file or directory")
        databases.stop()
        removeFiles()
    }

    // MARK: Migrations

    private static let steps = ["CREATE TABLE a (k)", "CREATE TABLE b (k)", "INSERT INTO a VALUES (1)"]

    @Test func aDatabaseInMemoryMakesNoFile() throws {
        unlink(":memory:")
        let database = try MemoryDatabase(name: "main")
        #expect(try run(database, "SELECT 1").get()[0].rowCount == 1)
        #expect(access(":memory:", F_OK) != 0)
    }

    @Test func stepsAreRunOnce() throws {
        let database = try MemoryDatabase(name: "main")
        try Migration(database, "shop", Array(Self.steps.prefix(2))).run(by: .after(milliseconds: 10_000))
        for _ in 0..<2 { try Migration(database, "shop", Self.steps).run(by: .after(milliseconds: 10_000)) }
        #expect(try run(database, "SELECT * FROM a").get()[0].rowCount == 1)
        try Migration(database, "other", ["CREATE TABLE c (k)"]).run(by: .after(milliseconds: 10_000))
        let versions = try run(database, "SELECT version FROM martlet_schemas ORDER BY name").get()[0]
        #expect(versions.rowCount == 2)
    }

    @Test func aPluginThatIsOlderThanTheDatabaseIsTold() throws {
        let database = try MemoryDatabase(name: "main")
        try Migration(database, "shop", Self.steps).run(by: .after(milliseconds: 10_000))
        let problem = #expect(throws: Migration.Problem.self) {
            try Migration(database, "shop", Array(Self.steps.prefix(1))).run(by: .after(milliseconds: 10_000))
        }
        #expect(problem?.isNewer == true)
        #expect(
            problem?.text == "it has version 3, and the plugin knows only 1: it is older than the database")
    }

    @Test func aStepThatFailsLeavesNothing() throws {
        let database = try MemoryDatabase(name: "main")
        let problem = #expect(throws: Migration.Problem.self) {
            try Migration(database, "shop", Self.steps + ["CREATE TABLE a (k)"]).run(by: .after(milliseconds: 10_000))
        }
        #expect(problem?.text == "step 4 fails: table a already exists")
        guard case .failure = run(database, "SELECT * FROM b") else {
            Issue.record("a step was kept")
            return
        }
    }
}
