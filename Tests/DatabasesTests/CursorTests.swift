import DatabasePools
import Foundation
import PrivateMariaDB
import SQL
import Testing
import Threads

@testable import Databases

/// Rows in batches, from a file of SQLite and from a real server of MariaDB.
@Suite struct CursorTests {
    enum Kind: CaseIterable { case sqlite, mariaDB }

    /// A pool of its own.
    private final class Laboratory {
        let databases: Databases
        let main: any Database
        let server: PrivateMariaDB?
        let kind: Kind
        private let folder: URL

        init(_ kind: Kind, _ change: (inout PoolSettings) -> Void = { _ in }) throws {
            self.kind = kind
            folder = FileManager.default.temporaryDirectory.appending(path: "martlet-cursors-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            var pool = PoolSettings()
            pool.shortestBackOffNanoseconds = 5_000_000
            pool.longestBackOffNanoseconds = 20_000_000
            change(&pool)
            let place: DatabaseSettings.Place
            switch kind {
            case .sqlite:
                server = nil
                place = .sqlite(path: folder.path + "/main.db")
            case .mariaDB:
                let started = try PrivateMariaDB()
                try started.administer("CREATE DATABASE shop")
                var settings = MariaDBSettings(user: "root", database: "shop")
                settings.socket = started.socket
                (server, place) = (started, .mariaDB(settings))
            }
            databases = Databases([DatabaseSettings(name: "main", place: place, pool: pool)])
            main = try #require(try databases.database("main"))
        }

        deinit {
            databases.stop()
            try? FileManager.default.removeItem(at: folder)
        }

        /// Numbers from 1, and a text of so many bytes.
        func numbers(_ count: Int, bytes: Int = 10) -> String {
            switch kind {
            case .sqlite:
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count)) "
                    + "SELECT i, printf('%0\(bytes)d', i) FROM n"
            case .mariaDB: "SELECT seq, LPAD(seq, \(bytes), '0') FROM seq_1_to_\(count)"
            }
        }

        func read(_ text: String, batchBytes: Int, _ parameters: ValueList = ValueList()) -> Reader {
            Reader(main, Command(main.statement(text), parameters), batchBytes: batchBytes)
        }

        func run(_ text: String, isQuery: Bool = false) throws -> StatementResult {
            let reply = Reply<Job.Outcome>()
            let job = Job([Command(main.statement(text))], isQuery: isQuery) { reply.set($0) }
            if let error = main.submit(job) { throw error }
            return try reply.wait().get()[0]
        }

        var report: DatabaseReport { get throws { try #require(databases.reports.first) } }

        func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
            var time = WaitingTime(until: .after(milliseconds: 20_000))
            while try !condition() { try #require(time.next() != nil, "\(what)") }
        }

        func waitUntilFree() throws {
            try waitUntil("the connection is free") { try report.cursors == 0 && report.busy == 0 }
        }
    }

    /// Reads batch by batch, as a plugin does.
    private final class Reader {
        let cursor: Cursor
        private let first = Reply<Job.Outcome>()
        private var isFirst = true

        init(_ database: any Database, _ command: Command, batchBytes: Int) {
            let first = first
            cursor = Cursor(batchBytes: batchBytes) { first.set($0) }
            let job = Job(rows: command, for: cursor)
            if let error = database.submit(job) { job.answer(.failure(error)) }
        }

        func next(timeout: UInt64? = nil) throws -> StatementResult {
            if isFirst {
                isFirst = false
                return try first.wait().get()[0]
            }
            let reply = Reply<Job.Outcome>()
            let end = timeout.map { readMonotonicClock() + $0 } ?? .max
            try #require(cursor.ask(label: 0, end: end) { reply.set($0) } == nil)
            return try reply.wait().get()[0]
        }

        /// The error that comes instead of rows.
        func failure() -> DatabaseError? {
            do { _ = try next() } catch { return error as? DatabaseError }
            return nil
        }
    }

    private func integers(_ result: StatementResult) -> [Int64] {
        var found: [Int64] = []
        result.values.visit { _, value in if case .integer(let number) = value { found.append(number) } }
        return found
    }

    private func describe(_ value: ValueView) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .text(let text): String(decoding: text, as: UTF8.self)
        case .bytes(let bytes): "\(bytes.count) bytes"
        }
    }

    @Test(arguments: Kind.allCases)
    func allRowsComeOnceAndInOrder(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind) { $0.maximum = 1 }
        let reader = laboratory.read(laboratory.numbers(100_000, bytes: 100), batchBytes: 64 << 10)
        var (count, batches, largest) = (0, 0, 0)
        while true {
            let batch = try reader.next()
            #expect(batch.columns.count == 2)
            let numbers = integers(batch)
            #expect(numbers.elementsEqual((count + 1...count + max(numbers.count, 1)).lazy.map { Int64($0) }))
            count += numbers.count
            batches += 1
            largest = max(largest, batch.values.byteCount)
            guard batch.isPartial else { break }
            #expect(batch.values.byteCount >= 64 << 10)
        }
        #expect(count == 100_000 && batches > 100 && batches < 300)
        #expect(largest < 66 << 10)
        // The connection serves again, and the statement runs whole and in batches.
        for _ in 0..<2 {
            #expect(try laboratory.run(laboratory.numbers(3), isQuery: true).rowCount == 3)
            let reader = laboratory.read(laboratory.numbers(3), batchBytes: 1)
            for number in 1...3 {
                let batch = try reader.next()
                #expect(integers(batch) == [Int64(number)] && batch.isPartial == (number < 3))
            }
        }
        let report = try laboratory.report
        #expect(report.made == 1, "\(report)")
    }

    @Test(arguments: Kind.allCases)
    func resultsOfNoneAndOfOneBatchOpenNothing(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind)
        let none = try laboratory.read("SELECT * FROM (SELECT 1 AS a) b WHERE a = 2", batchBytes: 1).next()
        #expect(none.columns == ["a"] && none.rowCount == 0 && !none.isPartial)
        let one = try laboratory.read(laboratory.numbers(100), batchBytes: 1 << 20).next()
        #expect(one.rowCount == 100 && !one.isPartial)
        try laboratory.waitUntilFree()
    }

    @Test(arguments: Kind.allCases)
    func valuesOfAllKindsAndSizesComeBack(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind)
        _ = try laboratory.run("CREATE TABLE a (k INT PRIMARY KEY, t TEXT, b LONGBLOB, r DOUBLE)")
        let insert = kind == .sqlite ? "zeroblob(%)" : "REPEAT(x'00', %)"
        let sizes = [0, 5, 2_000, 3_000_000, 1, 100]
        for (index, size) in sizes.enumerated() {
            let bytes = insert.replacing("%", with: "\(size)")
            let text = size == 5 ? "NULL" : "'é\(index)'"
            _ = try laboratory.run("INSERT INTO a VALUES (\(index), \(text), \(bytes), \(index).5)")
        }
        for batchBytes in [1, 1_000, 1 << 20, 64 << 20] {
            let reader = laboratory.read("SELECT k, t, b, r FROM a ORDER BY k", batchBytes: batchBytes)
            var found: [String] = []
            while true {
                let batch = try reader.next()
                batch.values.visit { _, value in found.append(describe(value)) }
                if !batch.isPartial { break }
            }
            let expected = sizes.enumerated().flatMap { index, size in
                ["\(index)", size == 5 ? "null" : "é\(index)", "\(size) bytes", "\(index).5"]
            }
            #expect(found == expected, "\(batchBytes)")
        }
    }

    @Test(arguments: Kind.allCases)
    func parametersAreBound(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind)
        var parameters = ValueList()
        parameters.append(.integer(7))
        parameters.append("text")
        let rows = try laboratory.read("SELECT ?, ? UNION ALL SELECT 1, 'b'", batchBytes: 1, parameters).next()
        #expect(rows.isPartial && integers(rows) == [7])
        let error = laboratory.read("SELECT ?", batchBytes: 1).failure()
        #expect(error?.kind == .parameter)
    }

    @Test(arguments: Kind.allCases)
    func whatItReadsIsOneMoment(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind)
        _ = try laboratory.run("CREATE TABLE a (k INT PRIMARY KEY)")
        _ = try laboratory.run(
            "INSERT INTO a SELECT i FROM (\(laboratory.numbers(1000))) n".replacing(
                kind == .sqlite ? "WITH" : "SELECT seq,", with: kind == .sqlite ? "WITH" : "SELECT seq AS i,"))
        let reader = laboratory.read("SELECT k FROM a ORDER BY k", batchBytes: 100)
        var count = try reader.next().rowCount
        _ = try laboratory.run("DELETE FROM a")
        _ = try laboratory.run("DROP TABLE a")
        while true {
            let batch = try reader.next()
            count += batch.rowCount
            if !batch.isPartial { break }
        }
        #expect(count == 1000)
        #expect(throws: DatabaseError.self) { try laboratory.run("SELECT * FROM a", isQuery: true) }
    }

    @Test(arguments: Kind.allCases)
    func statementsThatWriteAreRefused(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind)
        _ = try laboratory.run("CREATE TABLE a (k INT)")
        #expect(laboratory.read("INSERT INTO a VALUES (1)", batchBytes: 1).failure()?.kind == .readOnly)
        #expect(laboratory.read("SELECT missing", batchBytes: 1).failure()?.kind == .syntax)
        #expect(try laboratory.run("SELECT * FROM a", isQuery: true).rowCount == 0)
    }

    @Test(arguments: Kind.allCases)
    func aRowMayBeAsLargeAsAResult(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind) { $0.resultLimit = 100_000 }
        // More than that in all, and batches are limited too.
        let reader = laboratory.read(laboratory.numbers(30, bytes: 10_000), batchBytes: 1 << 30)
        var count = 0
        while true {
            let batch = try reader.next()
            #expect(batch.values.byteCount < 120_000)
            count += batch.rowCount
            if !batch.isPartial { break }
        }
        #expect(count == 30)
        let text = laboratory.numbers(3, bytes: 10_000) + " UNION ALL SELECT 4, "
        let long = kind == .sqlite ? "printf('%0100001d', 4)" : "REPEAT('x', 100001)"
        let large = laboratory.read(text + long, batchBytes: 1)
        for _ in 1...3 { #expect(try large.next().rowCount == 1) }
        let error = large.failure()
        #expect(error?.kind == .tooLarge && error?.text == "a row has more than 100000 bytes", "\(error as Any)")
        try laboratory.waitUntilFree()
        #expect(try laboratory.run(laboratory.numbers(3), isQuery: true).rowCount == 3)
        #expect(try laboratory.report.made == 1)
    }

    // MARK: Early ends

    @Test(arguments: Kind.allCases)
    func anEarlyEndLeavesTheConnectionClean(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind) { $0.maximum = 1 }
        for _ in 0..<20 {
            let start = readMonotonicClock()
            let reader = laboratory.read(laboratory.numbers(100_000, bytes: 100), batchBytes: 1_000)
            _ = try reader.next()
            _ = try reader.next()
            reader.cursor.close()
            // Its own connection, and the same statement.
            #expect(try laboratory.run(laboratory.numbers(5), isQuery: true).rowCount == 5)
            #expect(readMonotonicClock() - start < 20_000_000_000)
        }
        #expect(try laboratory.report.made == 1)
        #expect(try laboratory.report.broken == 0)
    }

    @Test(arguments: Kind.allCases)
    func waitingDoesNotCountAsTheDatabasesTime(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind) { $0.statementNanoseconds = 1_000_000_000 }
        let reader = laboratory.read(laboratory.numbers(1_000), batchBytes: 100)
        var count = try reader.next().rowCount
        let waited = Reply<Bool>()
        _ = waited.wait(until: .after(milliseconds: 2_000))
        while true {
            let batch = try reader.next()
            count += batch.rowCount
            if !batch.isPartial { break }
        }
        #expect(count == 1_000)
    }

    /// The work itself has its limit, in the first batch and in a later one.
    @Test func aBatchOfSQLiteHasATimeLimit() throws {
        let laboratory = try Laboratory(.sqlite)
        let text = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 4"
        let reader = laboratory.read(text, batchBytes: 1)
        #expect(integers(try reader.next()) == [1])
        #expect(integers(try reader.next()) == [2])
        // It looks for a fourth row for ever.
        let error = #expect(throws: DatabaseError.self) { try reader.next(timeout: 50_000_000) }
        #expect(error?.kind == .timeout, "\(error as Any)")
        try laboratory.waitUntilFree()
    }

    @Test func aStatementOfMariaDBHasATimeLimit() throws {
        let laboratory = try Laboratory(.mariaDB) { $0.statementNanoseconds = 1_000_000_000 }
        #expect(laboratory.read("SELECT SLEEP(10)", batchBytes: 1).failure()?.kind == .timeout)
        #expect(try laboratory.run("SELECT 1", isQuery: true).rowCount == 1)
    }

    @Test(arguments: Kind.allCases)
    func whoForgetsItIsToldAndTheConnectionServesOthers(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind) { ($0.maximum, $0.cursorNanoseconds) = (1, 50_000_000) }
        let reader = laboratory.read(laboratory.numbers(100_000), batchBytes: 100)
        _ = try reader.next()
        #expect(try laboratory.run(laboratory.numbers(5), isQuery: true).rowCount == 5)
        let error = reader.failure()
        #expect(error?.kind == .timeout)
        #expect(error?.text == "nobody has asked for more rows in time (cursor_timeout)")
    }

    @Test(arguments: Kind.allCases)
    func evictReplacesItsConnection(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind)
        let reader = laboratory.read(laboratory.numbers(100_000), batchBytes: 100)
        _ = try reader.next()
        #expect(laboratory.databases.change("main", .evict))
        #expect(reader.failure()?.kind == .away)
        try laboratory.waitUntil("it was replaced") { try laboratory.report.made == 2 }
        #expect(try laboratory.report.broken == 0)
    }

    @Test(arguments: Kind.allCases)
    func theReportNamesTheCursor(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind)
        let reader = laboratory.read(laboratory.numbers(1_000), batchBytes: 100)
        _ = try reader.next()
        try laboratory.waitUntil("it waits for the plugin") {
            try laboratory.report.running.first?.idleSeconds != nil
        }
        let report = try laboratory.report
        #expect(report.cursors == 1 && report.busy == 1)
        #expect(report.running.first?.isCursor == true && report.running.first?.statement == laboratory.numbers(1_000))
        reader.cursor.close()
        try laboratory.waitUntilFree()
    }

    @Test(arguments: Kind.allCases)
    func theEndOfTheHostDoesNotWaitForIt(_ kind: Kind) throws {
        let laboratory = try Laboratory(kind) { $0.cursorNanoseconds = 0 }
        let reader = laboratory.read(laboratory.numbers(100_000), batchBytes: 100)
        _ = try reader.next()
        laboratory.databases.stop()
        #expect(reader.failure()?.kind == .stopping)
    }

    // MARK: MariaDB alone

    @Test func aServerThatDiesIsAway() throws {
        let laboratory = try Laboratory(.mariaDB)
        let reader = laboratory.read(laboratory.numbers(100_000, bytes: 100), batchBytes: 1_000)
        _ = try reader.next()
        laboratory.server?.kill()
        // Rows that had come before may be given.
        var error: DatabaseError?
        for _ in 0..<1_000 where error == nil { error = reader.failure() }
        #expect(error?.kind == .away, "\(error as Any)")
        try laboratory.server?.start()
        try laboratory.waitUntil("it is back") { (try? laboratory.run("SELECT 1", isQuery: true)) != nil }
    }

    /// Nothing but a table of its own is left on the server while a plugin takes its time.
    @Test func aCursorOfMariaDBHoldsNoLocks() throws {
        let laboratory = try Laboratory(.mariaDB) { $0.statementNanoseconds = 5_000_000_000 }
        _ = try laboratory.run("CREATE TABLE a (k INT)")
        _ = try laboratory.run("INSERT INTO a SELECT seq FROM seq_1_to_1000")
        let reader = laboratory.read("SELECT k FROM a", batchBytes: 100)
        _ = try reader.next()
        // Would wait for a statement that still reads.
        _ = try laboratory.run("ALTER TABLE a ADD COLUMN v INT")
        reader.cursor.close()
        try laboratory.waitUntilFree()
    }

    /// The server opens no cursor for it.
    @Test func resultsWithoutACursorComeInBatchesToo() throws {
        let laboratory = try Laboratory(.mariaDB) { $0.maximum = 1 }
        for _ in 0..<3 {
            let reader = laboratory.read("SHOW VARIABLES", batchBytes: 200)
            let first = try reader.next()
            #expect(first.isPartial && first.rowCount < 20)
            var count = first.rowCount
            while true {
                let batch = try reader.next()
                count += batch.rowCount
                if !batch.isPartial { break }
            }
            #expect(count > 400)
            let other = laboratory.read("SHOW VARIABLES", batchBytes: 200)
            _ = try other.next()
            other.cursor.close()
            #expect(try laboratory.run("SHOW VARIABLES", isQuery: true).rowCount == count)
        }
        #expect(try laboratory.report.made == 1)
    }

    @Test func aTableThatHasChangedIsReadAsItIs() throws {
        let laboratory = try Laboratory(.mariaDB) { $0.maximum = 1 }
        _ = try laboratory.run("CREATE TABLE a (k INT)")
        _ = try laboratory.run("INSERT INTO a VALUES (1), (2), (3)")
        for columns in [["k"], ["k", "v"], ["k", "v", "w"]] {
            if columns.count > 1 { _ = try laboratory.run("ALTER TABLE a ADD COLUMN \(columns.last!) INT") }
            let reader = laboratory.read("SELECT * FROM a ORDER BY k", batchBytes: 1)
            for number in 1...3 {
                let batch = try reader.next()
                #expect(batch.columns == columns && integers(batch) == [Int64(number)])
            }
            #expect(try laboratory.run("SELECT * FROM a ORDER BY k", isQuery: true).columns == columns)
        }
    }
}
