import DatabasePools
import Glibc
import MariaDB
import PrivateMariaDB
import SQL
import Testing
import Threads

@testable import Databases

/// A pool of a real server of MariaDB.
@Suite struct MariaDBPoolTests {
    private let server: PrivateMariaDB

    init() throws { server = try PrivateMariaDB() }

    private func settings(_ change: (inout PoolSettings) -> Void = { _ in }) throws -> DatabaseSettings {
        try server.administer("CREATE DATABASE IF NOT EXISTS shop")
        var place = MariaDBSettings(user: "root", database: "shop")
        place.socket = server.socket
        var pool = PoolSettings()
        pool.shortestBackOffNanoseconds = 5_000_000
        pool.longestBackOffNanoseconds = 20_000_000
        change(&pool)
        return DatabaseSettings(name: "main", place: .mariaDB(place), pool: pool)
    }

    private func open(_ settings: DatabaseSettings) throws -> (Databases, any Database) {
        let databases = Databases([settings])
        return (databases, try #require(try databases.database("main")))
    }

    private func begin(
        _ database: any Database, _ work: Job.Work, isQuery: Bool = false, end: UInt64 = .max
    ) -> Reply<Job.Outcome> {
        let reply = Reply<Job.Outcome>()
        var job = Job(work, isQuery: isQuery) { reply.set($0) }
        job.end = end
        if let error = database.submit(job) { reply.set(.failure(error)) }
        return reply
    }

    private func run(_ database: any Database, _ text: String, isQuery: Bool = false) throws -> StatementResult {
        try begin(database, .commands([Command(database.statement(text))]), isQuery: isQuery).wait().get()[0]
    }

    private func error(_ database: any Database, _ text: String, isQuery: Bool = false) -> DatabaseError? {
        let error = #expect(throws: DatabaseError.self) { try run(database, text, isQuery: isQuery) }
        return error
    }

    private func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
        var time = WaitingTime(until: .after(milliseconds: 20_000))
        while try !condition() {
            try #require(time.next() != nil, "\(what)")
            usleep(1_000)
        }
    }

    private func integer(_ result: StatementResult) -> Int64 {
        var found: Int64 = -1
        result.values.visit { _, value in if case .integer(let number) = value { found = number } }
        return found
    }

    @Test func statementsAndQueriesShareThePool() throws {
        let (databases, main) = try open(settings())
        defer { databases.stop() }
        #expect(main.dialect == .mariaDB)
        _ = try run(main, "CREATE TABLE a (k INT)")
        #expect(try run(main, "INSERT INTO a VALUES (1), (2)").changes == 2)
        #expect(try run(main, "SELECT k FROM a", isQuery: true).rowCount == 2)
        #expect(error(main, "INSERT INTO a VALUES (3)", isQuery: true)?.kind == .readOnly)
        let write = main.statement("INSERT INTO a VALUES (4)")
        let outcome = begin(main, .commands([Command(write), Command(write)]), isQuery: true).wait()
        #expect(throws: DatabaseError.self) { try outcome.get() }
        #expect(try run(main, "SELECT k FROM a", isQuery: true).rowCount == 2)
        let report = try #require(databases.reports.first)
        #expect(report.kind == "mariadb" && report.state == "healthy" && report.made >= 1 && report.failures == 2)
    }

    @Test func nothingIsLeftInASession() throws {
        let (databases, main) = try open(settings { $0.maximum = 1 })
        defer { databases.stop() }
        let number = integer(try run(main, "SELECT CONNECTION_ID()"))
        #expect(integer(try run(main, "SELECT @left := 7")) == 7)
        _ = try run(main, "CREATE TEMPORARY TABLE t (k INT)")
        #expect(integer(try run(main, "SELECT GET_LOCK('l', 0)")) == 1)
        #expect(integer(try run(main, "SELECT @left")) == -1)
        #expect(error(main, "SELECT * FROM t")?.kind == .syntax)
        #expect(integer(try run(main, "SELECT IS_FREE_LOCK('l')")) == 1)
        #expect(integer(try run(main, "SELECT CONNECTION_ID()")) == number, "it was not replaced")
    }

    @Test func aCallHasItsOwnDeadline() throws {
        let (databases, main) = try open(settings { $0.maximum = 1 })
        defer { databases.stop() }
        _ = try run(main, "SELECT 1")
        let sleep = Job.Work.commands([Command(main.statement("SELECT SLEEP(10)"))])
        let start = readMonotonicClock()
        let outcome = begin(main, sleep, end: start + 100_000_000).wait()
        let error = #expect(throws: DatabaseError.self) { try outcome.get() }
        #expect(error?.kind == .timeout, "\(error as Any)")
        #expect(readMonotonicClock() - start < 5_000_000_000)
        // The next one has the usual time again.
        #expect(try run(main, "SELECT SLEEP(0.2)").rowCount == 1)
        #expect(integer(try run(main, "SELECT CAST(@@max_statement_time AS SIGNED)")) == 30)
    }

    @Test func aTransactionIsRepeatedAfterADeadlock() throws {
        let (databases, main) = try open(settings { ($0.attempts, $0.acquireNanoseconds) = (20, 60_000_000_000) })
        defer { databases.stop() }
        _ = try run(main, "CREATE TABLE a (k INT PRIMARY KEY, v INT NOT NULL) ENGINE = InnoDB")
        _ = try run(main, "INSERT INTO a VALUES (1, 0), (2, 0)")
        let add = main.statement("UPDATE a SET v = v + 1 WHERE k = ?")
        func key(_ number: Int64) -> Command {
            var parameters = ValueList()
            parameters.append(.integer(number))
            return Command(add, parameters)
        }
        let replies = (0..<200).map { index in
            let keys = index.isMultiple(of: 2) ? [key(1), key(2)] : [key(2), key(1)]
            return begin(
                main,
                index % 3 == 0
                    ? .commands(keys)
                    : .transaction { runner throws(DatabaseError) in for key in keys { _ = try runner.run(key) } })
        }
        let failed = replies.count { if case .failure = $0.wait() { true } else { false } }
        #expect(failed == 0)
        #expect(integer(try run(main, "SELECT CAST(MIN(v) AS SIGNED) FROM a")) == 200)
        #expect(integer(try run(main, "SELECT CAST(MAX(v) AS SIGNED) FROM a")) == 200)
    }

    @Test func theEndOfTheServerIsNoticedAndItsReturn() throws {
        let (databases, main) = try open(settings())
        defer { databases.stop() }
        _ = try run(main, "CREATE TABLE a (k INT)")
        server.kill()
        #expect(error(main, "INSERT INTO a VALUES (1)")?.kind == .away)
        try waitUntil("it is away") { databases.reports.first?.state == "away" }
        let start = readMonotonicClock()
        for _ in 0..<1_000 { #expect(error(main, "SELECT 1", isQuery: true)?.kind == .away) }
        #expect(readMonotonicClock() - start < 2_000_000_000, "nobody waits for a server that is away")
        try server.start()
        try waitUntil("it is healthy") { databases.reports.first?.state == "healthy" }
        #expect(try run(main, "INSERT INTO a VALUES (1)").changes == 1)
    }

    @Test func connectionsThatTheServerKillsAreReplaced() throws {
        let (databases, main) = try open(settings { ($0.minimum, $0.maximum) = (3, 3) })
        defer { databases.stop() }
        try waitUntil("all are open") { databases.reports.first?.open == 3 }
        let others = try run(
            main,
            "SELECT CAST(ID AS SIGNED) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND DB = 'shop'")
        #expect(others.rowCount == 2)
        var ids: [Int64] = []
        others.values.visit { _, value in if case .integer(let number) = value { ids.append(number) } }
        for id in ids { try server.administer("KILL \(id)") }
        // Queries on a broken connection are repeated on another one.
        let replies = (0..<30).map { _ in
            begin(main, .commands([Command(main.statement("SELECT SLEEP(0.01)"))]), isQuery: true)
        }
        #expect(replies.allSatisfy { if case .success = $0.wait() { true } else { false } })
        try waitUntil("all are open") { databases.reports.first?.open == 3 }
    }

    @Test func aServerThatHasBecomeReadOnlyIsConnectedAgain() throws {
        try server.administer(
            "CREATE DATABASE IF NOT EXISTS shop", "CREATE USER u@localhost IDENTIFIED BY 'x'",
            "GRANT ALL ON shop.* TO u@localhost")
        var settings = try settings { $0.maximum = 1 }
        var place = MariaDBSettings(user: "u", database: "shop")
        place.socket = server.socket
        setenv("MARTLET_TEST_PASSWORD", "x", 1)
        place.password = .environment(name: "MARTLET_TEST_PASSWORD")
        settings.place = .mariaDB(place)
        let (databases, main) = try open(settings)
        defer { databases.stop() }
        _ = try run(main, "CREATE TABLE a (k INT)")
        let made = try #require(databases.reports.first).made
        try server.administer("SET GLOBAL read_only = 1")
        #expect(error(main, "INSERT INTO a VALUES (1)")?.kind == .readOnly)
        // A name may lead to another server by now.
        try waitUntil("it has connected again") { databases.reports.first?.made == made + 1 }
        try server.administer("SET GLOBAL read_only = 0")
        #expect(try run(main, "INSERT INTO a VALUES (1)").changes == 1)
    }

    // MARK: Passwords

    @Test func aPasswordIsReadForEachConnection() throws {
        try server.administer(
            "CREATE DATABASE shop", "CREATE USER u@localhost IDENTIFIED BY 'first'",
            "GRANT ALL ON shop.* TO u@localhost")
        var template = Array("/tmp/martlet-password-XXXXXX\0".utf8CString)
        let file = mkstemp(&template)
        let path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            close(file)
            unlink(path)
        }
        func write(_ text: String) {
            ftruncate(file, 0)
            #expect(pwrite(file, text, text.utf8.count, 0) == text.utf8.count)
        }
        write("first\n")
        var place = MariaDBSettings(user: "u", database: "shop")
        place.socket = server.socket
        place.password = .file(path: path)
        var settings = try settings()
        settings.place = .mariaDB(place)
        let (databases, main) = try open(settings)
        defer { databases.stop() }
        _ = try run(main, "SELECT 1")
        try server.administer("ALTER USER u@localhost IDENTIFIED BY 'second'")
        #expect(databases.change("main", .evict))
        try waitUntil("it is refused") { databases.reports.first?.state == "away" }
        let problem = try #require(databases.reports.first).problem
        #expect(problem.contains("Access denied") && !problem.contains("first"), "\(problem)")
        write("second\r\n")
        try waitUntil("it is let in") { databases.reports.first?.state == "healthy" }
        _ = try run(main, "SELECT 1")
    }

    @Test(arguments: [
        (
            MariaDBSettings.Password.file(path: "/nonexistent"),
            "read /nonexistent (password_file): No such file or directory"
        ),
        (.file(path: "/dev/zero"), "/dev/zero (password_file): expected less than 4096 bytes"),
        (.environment(name: "MARTLET_NO_SUCH"), "the environment variable MARTLET_NO_SUCH (password_env) is not set"),
    ])
    func aPasswordThatCannotBeReadIsNamed(_ password: MariaDBSettings.Password, _ problem: String) throws {
        var settings = try settings()
        var place = MariaDBSettings(user: "root", database: "shop")
        (place.socket, place.password) = (server.socket, password)
        settings.place = .mariaDB(place)
        let (databases, main) = try open(settings)
        defer { databases.stop() }
        #expect(error(main, "SELECT 1")?.text == problem)
    }

    // MARK: Migrations

    private static let steps = ["CREATE TABLE a (k INT)", "CREATE TABLE b (k INT)", "INSERT INTO a VALUES (1)"]

    @Test func stepsAreRunOnceByAllServers() throws {
        let pools = try (0..<4).map { _ in try open(settings()) }
        defer { for pool in pools { pool.0.stop() } }
        let replies = pools.map { pool in
            let reply = Reply<Migration.Problem?>()
            let thread = try? NamedThread(name: "migrates") {
                do throws(Migration.Problem) {
                    for count in 1...3 {
                        // Another one may be ahead already.
                        do throws(Migration.Problem) {
                            try Migration(pool.1, "shop", Array(Self.steps.prefix(count))).run(
                                by: .after(milliseconds: 20_000))
                        } catch  where error.isNewer {}
                    }
                    try Migration(pool.1, "shop", Self.steps).run(by: .after(milliseconds: 20_000))
                    reply.set(nil)
                } catch {
                    reply.set(error)
                }
            }
            thread?.detach()
            return reply
        }
        for reply in replies { #expect(reply.wait() == nil) }
        let main = pools[0].1
        #expect(try run(main, "SELECT k FROM a").rowCount == 1)
        #expect(integer(try run(main, "SELECT version FROM martlet_schemas WHERE name = 'shop'")) == 3)
    }

    @Test func aStepThatWasBegunIsNamed() throws {
        let (databases, main) = try open(settings())
        defer { databases.stop() }
        let bad = ["CREATE TABLE a (k INT)", "CREATE TABLE a (k INT)"]
        func problem() -> String? {
            let problem = #expect(throws: Migration.Problem.self) {
                try Migration(main, "shop", bad).run(by: .after(milliseconds: 20_000))
            }
            return problem?.text
        }
        let first = try #require(problem())
        #expect(first.hasPrefix("step 2 fails: ") && first.hasSuffix("Table 'a' already exists"), "\(first)")
        let second = try #require(problem())
        #expect(
            second.hasSuffix(
                "a server began this step before and has not finished it: if it is complete, set version to 2 in martlet_schemas"
            ),
            "\(second)")
        let newer = #expect(throws: Migration.Problem.self) {
            try Migration(main, "shop", []).run(by: .after(milliseconds: 20_000))
        }
        #expect(newer?.isNewer == true)
    }
}
