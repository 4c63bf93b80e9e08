import SQL
import Testing

@testable import SQLite

/// Jobs that come while the transaction is open.
@Suite struct SQLiteBatchTests {
    private let database = TemporaryDatabase()
    private let batch: SQLiteBatch
    private let (insert, spoil, count): (Statement, Statement, Statement)

    init() throws {
        let connection = try SQLiteConnection(database.path, .write)
        try connection.execute("CREATE TABLE a (k INTEGER PRIMARY KEY)")
        batch = try SQLiteBatch(connection, SQLiteSettings())
        var statements = Statements()
        insert = statements.make("INSERT INTO a VALUES (?)")
        spoil = statements.make("INSERT OR ROLLBACK INTO a VALUES (?)")
        count = statements.make("SELECT count(*) FROM a")
    }

    private func job(_ commands: Command...) -> Job { Job(commands) { _ in } }
    private func put(_ key: Int) -> Command { Command(insert, ValueList(key)) }

    /// Runs the first portion, and the others while the transaction is open.
    private func run(_ portions: [[Job]]) -> (outcomes: [Job.Outcome], asked: [Int]) {
        var (jobs, rest, asked) = (portions[0], portions.dropFirst(), [Int]())
        let outcomes = batch.run(&jobs) { count in
            asked.append(count)
            return rest.popFirst() ?? []
        }
        #expect(jobs.count == outcomes.count && rest.isEmpty)
        return (outcomes, asked)
    }

    private func rows() throws -> ValueList {
        var jobs = [job(Command(count))]
        return try batch.run(&jobs)[0].get()[0].values
    }

    @Test func allPortionsShareACommit() throws {
        let before = batch.counts.commits
        let (outcomes, asked) = run([[job(put(1)), job(put(2))], [job(put(3))], [job(put(4)), job(put(3))]])
        #expect(outcomes.map { $0.kind } == [nil, nil, nil, nil, .constraint])
        #expect(asked == [2, 3, 5], "until there are no more")
        #expect(batch.counts.commits == before + 1)
        #expect(try rows() == ValueList(4))
    }

    @Test func aJobThatSpoilsTheBatchDoesNotHarmThoseThatCameLater() throws {
        let (outcomes, asked) = run([[job(put(1))], [job(put(2)), job(Command(spoil, ValueList(1))), job(put(3))]])
        #expect(outcomes.map { $0.kind } == [nil, nil, .constraint, nil])
        #expect(asked == [1], "nobody is waited for a second time")
        #expect(batch.counts.repeats == 1)
        #expect(try rows() == ValueList(3))
    }

    @Test func oneThatHasWaitedTooLongIsNotRun() throws {
        let late = Job([put(2)], deadline: 1) { _ in }
        #expect(run([[job(put(1))], [late]]).outcomes.map { $0.kind } == [nil, .busy])
        #expect(try rows() == ValueList(1))
    }

    @Test func whatIsReadBeforeTheOnlyWriteSharesItsFate() throws {
        let find = Command(count)
        let (outcomes, _) = run([[job(find, put(1)), job(find, put(1)), job(put(5), put(1)), job(find, put(2))]])
        #expect(outcomes.map { $0.kind } == [nil, .constraint, .constraint, nil])
        #expect(try outcomes[3].get().map { $0.values } == [ValueList(1), ValueList()], "the job before is undone")
        #expect(try rows() == ValueList(2))
    }
}
