import Glibc
import SQL
import Testing
import Threads

@testable import SQLite

/// One thread writes for all, and nobody notices the others.
@Suite struct SQLiteWriterTests {
    private let database: TemporaryDatabase
    private let writer: SQLiteWriter
    private var statements = Statements()
    private let (insert, count): (Statement, Statement)

    init() throws {
        database = TemporaryDatabase()
        var settings = SQLiteSettings()
        settings.resultLimit = 10_000
        writer = SQLiteWriter(database.path, settings)
        let create = statements.make("CREATE TABLE a (k TEXT PRIMARY KEY, v, CHECK (v <> 'bad'))")
        insert = statements.make("INSERT INTO a VALUES (?, ?)")
        count = statements.make("SELECT count(*) FROM a")
        try writer.start()
        _ = try writer.run(create)
    }

    private func rows() throws -> ValueList { try writer.run(count).values }

    /// Holds the writer up with a job whose answer waits, so that all jobs that come meanwhile are in one batch.
    private func together(_ jobs: [[Command]]) throws -> [Job.Outcome] {
        let (gate, entered) = (Reply<Bool>(), Reply<Bool>())
        let refusal = writer.submit(
            Job([Command(count)]) { _ in
                entered.set(true)
                _ = gate.wait()
            })
        #expect(refusal == nil)
        _ = entered.wait()
        let replies = jobs.map { commands in
            let reply = Reply<Job.Outcome>()
            #expect(writer.submit(Job(commands) { reply.set($0) }) == nil)
            return reply
        }
        gate.set(true)
        return replies.map { $0.wait() }
    }

    @Test func valuesOfAllKindsComeBack() throws {
        _ = try writer.run(insert, ValueList("k", [UInt8](0...255)))
        var statements = self.statements
        let all = statements.make("SELECT k, v, NULL, 1.5, -3, '', x'' FROM a")
        let result = try writer.run(all)
        #expect(result.values == ValueList("k", [UInt8](0...255), nil, 1.5, -3, "", [UInt8]()))
        #expect(result.rowCount == 1 && result.columns.count == 7 && result.columns[0] == "k")
        writer.stop()
    }

    @Test func tellsTheIDOfARowAndWhatAnUpsertHasMadeOfIt() throws {
        var statements = statements
        func run(_ statement: Statement, _ values: ValueList = ValueList()) throws -> Int64 {
            try writer.run(statement, values).lastID
        }
        for table in ["ids (id INTEGER PRIMARY KEY, k TEXT UNIQUE, n)", "keys (k TEXT PRIMARY KEY, n) WITHOUT ROWID"] {
            let hasID = table.hasPrefix("ids")
            let name = hasID ? "ids" : "keys"
            _ = try writer.run(statements.make("CREATE TABLE \(table)"))
            let upsert = statements.make(
                "INSERT INTO \(name) (k, n) VALUES (?, 1) ON CONFLICT (k) DO UPDATE SET n = last_insert_id(n + 10)")
            #expect(try run(upsert, ValueList("a")) == (hasID ? 1 : 0))
            #expect(try run(upsert, ValueList("b")) == (hasID ? 2 : 0))
            #expect(try run(upsert, ValueList("a")) == 11)
            #expect(try run(upsert, ValueList("a")) == 21)
            #expect(try run(upsert, ValueList("c")) == (hasID ? 3 : 0), "not that of an earlier statement")
            #expect(try run(statements.make("UPDATE \(name) SET n = 5")) == 0)
        }
    }

    @Test func laterStatementsOfAJobKnowTheIDOfARow() throws {
        var statements = statements
        _ = try writer.run(statements.make("CREATE TABLE parents (id INTEGER PRIMARY KEY, n)"))
        _ = try writer.run(statements.make("CREATE TABLE children (k TEXT PRIMARY KEY, parent) WITHOUT ROWID"))
        let texts = [
            "INSERT INTO parents VALUES (41, 1)", "UPDATE parents SET n = 2",
            "INSERT INTO children VALUES ('a', last_insert_rowid())",
            "INSERT INTO children VALUES ('b', last_insert_rowid())", "SELECT parent FROM children",
        ]
        let results = try writer.run(texts.map { Command(statements.make($0)) }).get()
        #expect(results.map(\.lastID) == [41, 0, 0, 0, 0])
        #expect(results[4].values == ValueList(41, 41))
    }

    @Test func jobsOfOneBatchShareACommit() throws {
        let before = writer.counts.commits
        let outcomes = try together((0..<100).map { [Command(insert, ValueList("k\($0)" as String, $0 as Int))] })
        #expect(outcomes.allSatisfy { (try? $0.get()[0].changes) == 1 })
        #expect(try rows() == ValueList(100))
        writer.stop()
        // The one that held it up, those hundred, and the count.
        #expect(writer.counts.commits == before + 3)
    }

    @Test func aFailedJobLeavesTheOthersAlone() throws {
        let twice = [Command(insert, ValueList("x", 1)), Command(insert, ValueList("x", 2))]
        let outcomes = try together([
            [Command(insert, ValueList("a", 1))], [Command(insert, ValueList("a", 2))], twice,
            [Command(insert, ValueList("b", "bad"))], [Command(insert, ValueList("only one"))],
            [Command(insert, ValueList("c", 1)), Command(insert, ValueList("d", 1))],
        ])
        #expect(outcomes.map { $0.kind } == [nil, .constraint, .constraint, .constraint, .parameter, nil])
        #expect(try rows() == ValueList(3))
        #expect(writer.counts.repeats == 0)
        writer.stop()
    }

    @Test(arguments: ["ROLLBACK", "FAIL"])
    func aJobThatUndoesTheOthersIsRunWithoutThem(_ way: String) throws {
        var statements = self.statements
        let spoil = statements.make("INSERT OR \(way) INTO a VALUES ('y', 1), (?, 2)")
        _ = try writer.run(insert, ValueList("old", 1))
        // More than a batch is repeated for.
        let spoilers = (0..<6).map { _ in [Command(spoil, ValueList("old"))] }
        let outcomes = try together(
            [[Command(insert, ValueList("a", 1))]] + spoilers + [[Command(insert, ValueList("b", 1))]])
        #expect(outcomes.map { $0.kind } == [nil] + spoilers.map { _ in .constraint } + [nil])
        #expect(writer.counts.repeats > 0)
        // OR FAIL keeps what it has done by itself when its job has a transaction of its own.
        #expect(try rows() == ValueList(3))
        writer.stop()
    }

    @Test func whatBelongsToTheHostIsDenied() throws {
        var statements = self.statements
        for text in [
            "ATTACH 'other.db' AS other", "PRAGMA synchronous = OFF", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s",
        ] {
            #expect(writer.run([Command(statements.make(text))]).kind == .denied, "\(text)")
        }
        // VACUUM attaches a file.
        for text in [
            "VACUUM INTO '/tmp/martlet-copy.db'", "SELEKT 1", "SELECT 1; SELECT 2", "", "-- nothing",
            "SELECT * FROM missing",
        ] {
            #expect(writer.run([Command(statements.make(text))]).kind == .syntax, "\(text)")
        }
        #expect(try writer.run(statements.make("SELECT 1; ")).rowCount == 1)
        writer.stop()
    }

    @Test func resultsAndTimeHaveLimits() throws {
        var statements = self.statements
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?)"
        let many = statements.make(numbers + " SELECT i FROM n")
        #expect(writer.run([Command(many, ValueList(100))]).kind == nil)
        #expect(writer.run([Command(many, ValueList(10_000))]).kind == .tooLarge)
        #expect(writer.run([Command(insert, ValueList("late", 1))], deadline: 1).kind == .busy)
        writer.stop()
        #expect(writer.run([Command(many, ValueList(1))]).kind == .stopping)

        var settings = SQLiteSettings()
        settings.statementNanoseconds = 1
        let hasty = SQLiteWriter(database.path, settings)
        try hasty.start()
        let slow = statements.make(numbers + " INSERT INTO a SELECT 'n' || i, i FROM n")
        #expect(hasty.run([Command(slow, ValueList(100_000))]).kind == .timeout)
        #expect(try hasty.run(statements.make("SELECT 1")).rowCount == 1)
        hasty.stop()
    }

    @Test func aFullQueueSaysSo() throws {
        var settings = SQLiteSettings()
        settings.queueLimit = 2
        let file = TemporaryDatabase()
        let small = SQLiteWriter(file.path, settings)
        // Its thread has not begun.
        let job = Job([Command(count)]) { _ in }
        #expect([small.submit(job), small.submit(job), small.submit(job)].map { $0?.kind } == [nil, nil, .busy])
        try small.start()
        small.stop()
    }

    @Test(arguments: [true, false])
    func theLogIsWrittenBack(whenIdle: Bool) throws {
        var settings = SQLiteSettings()
        if whenIdle { settings.idlePages = 10 } else { settings.busyPages = 10 }
        self.writer.stop()
        let writer = SQLiteWriter(database.path, settings)
        try writer.start()
        let large = [UInt8](repeating: 7, count: 100_000)
        _ = try writer.run(insert, ValueList("large", large))
        var time = WaitingTime(until: .after(milliseconds: 20_000))
        while writer.counts.checkpoints == 0, time.next() != nil { sched_yield() }
        #expect(writer.counts.checkpoints == 1)
        // The log begins anew, so the next one is small.
        _ = try writer.run(insert, ValueList("small", 1))
        writer.stop()
        #expect(writer.counts.checkpoints == 1)
    }

    /// RLIMIT_FSIZE fails writes as a full disk would, but with EFBIG; /dev/full cannot hold a file of SQLite. So the page limit does it.
    @Test func aFullFileIsAClearError() throws {
        let file = TemporaryDatabase()
        let connection = try SQLiteConnection(file.path, .write)
        try connection.execute("CREATE TABLE a (v)")
        try connection.execute("PRAGMA max_page_count = 4")
        let batch = try SQLiteBatch(connection, SQLiteSettings())
        var statements = Statements()
        let insert = statements.make("INSERT INTO a VALUES (?)")
        var jobs = [10, 100_000, 10].map { size in
            Job([Command(insert, ValueList([UInt8](repeating: 0, count: size)))]) { _ in }
        }
        #expect(batch.run(&jobs).map { $0.kind } == [nil, .full, nil])
    }

    @Test func aFileThatCannotBeOpenedSaysWhyAndIsTriedAgain() throws {
        let file = TemporaryDatabase()
        let inside = file.folder + "/folder"
        let writer = SQLiteWriter(inside + "/a.db")
        try writer.start()
        let error = #expect(throws: DatabaseError.self) { try writer.waitUntilReadable() }
        #expect(error?.kind == .away && error?.text == "open \(inside)/a.db-lock: No such file or directory")
        #expect(writer.run([Command(count)]).kind == .away)
        mkdir(inside, 0o700)
        try waitUntil("it is open") { writer.currentState == .open }
        #expect(writer.run([Command(count)]).kind == .syntax, "the table is not there")
        writer.stop()
        for name in ["a.db", "a.db-lock"] { unlink(inside + "/" + name) }
        rmdir(inside)
    }

    @Test func whatIsNoFileOfSQLiteIsRefused() throws {
        let noise = TemporaryDatabase()
        let file = fopen(noise.path, "w")
        fputs(String(repeating: "noise ", count: 1_000), file)
        fclose(file)
        let writer = SQLiteWriter(noise.path)
        try writer.start()
        let error = #expect(throws: DatabaseError.self) { try writer.waitUntilReadable() }
        #expect(error?.kind == .damaged && error?.text == "PRAGMA journal_mode = WAL: file is not a database")
        writer.stop()
    }

    /// Jobs wait for the end of the other one, as when a host is renewed.
    @Test func oneProcessWritesAtATime() throws {
        _ = try writer.run(insert, ValueList("first", 1))
        let second = SQLiteWriter(database.path)
        try second.start()
        try second.waitUntilReadable()
        #expect(
            second.currentState
                == .locked(DatabaseError(.busy, "\(database.path): process \(getpid()) has it open for writing")))
        #expect(second.run([Command(count)], deadline: 1).kind == .busy)
        let reply = Reply<Job.Outcome>()
        #expect(second.submit(Job([Command(count)]) { reply.set($0) }) == nil)
        writer.stop()
        #expect(try reply.wait().get()[0].values == ValueList(1))
        second.stop()
    }

    @Test func nobodyElseCanReadTheFile() throws {
        _ = try writer.run(insert, ValueList("k", 1))
        for suffix in ["", "-wal", "-shm", "-lock"] {
            var info = stat()
            #expect(stat(database.path + suffix, &info) == 0)
            #expect(info.st_mode & 0o777 == 0o600, "\(suffix)")
        }
        writer.stop()
    }

    @Test func readersSeeWhatWasCommitted() throws {
        let reader = try SQLiteReader(database.path)
        var statements = self.statements
        let read = Command(statements.make("SELECT k FROM a"))
        #expect(try reader.run(read, RunLimits(resultBytes: 100)).rowCount == 0)
        _ = try writer.run(insert, ValueList("k", 1))
        #expect(try reader.run(read, RunLimits(resultBytes: 100)).values == ValueList("k"))
        let write = Command(statements.make("INSERT INTO a VALUES ('x', 1)"))
        #expect(throws: DatabaseError.self) { try reader.run(write, RunLimits(resultBytes: 100)) }
        try reader.begin(readsOnly: true)
        #expect(try reader.run(read, RunLimits(resultBytes: 100)).rowCount == 1)
        _ = try writer.run(insert, ValueList("l", 1))
        #expect(try reader.run(read, RunLimits(resultBytes: 100)).rowCount == 1, "it still sees its snapshot")
        try reader.reset()
        #expect(try reader.run(read, RunLimits(resultBytes: 100)).rowCount == 2)
        try reader.check()
        #expect(!reader.isBroken)
        writer.stop()
    }
}

/// Waits for something that another thread does.
private func waitUntil(_ what: String, _ condition: () -> Bool) throws {
    var time = WaitingTime(until: .after(milliseconds: 20_000))
    while !condition() {
        guard time.next() != nil else { throw DatabaseError(.timeout, what) }
        sched_yield()
    }
}

extension Job.Outcome {
    /// nil: it succeeded.
    var kind: DatabaseError.Class? {
        if case .failure(let error) = self { error.kind } else { nil }
    }
}
