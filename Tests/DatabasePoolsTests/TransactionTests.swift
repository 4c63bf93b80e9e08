import SQL
import Testing
import Threads

@testable import DatabasePools

/// Functions that run on a thread of the pool, and what a job may leave behind.
@Suite struct TransactionTests {
    private let database = ScriptedDatabase()

    private func command(_ text: String) -> Command { Command(Statement(number: 0, text: text)) }

    private func error(_ outcome: Job.Outcome) -> DatabaseError? {
        if case .failure(let error) = outcome { error } else { nil }
    }

    @Test func aFunctionRunsInATransaction() throws {
        let pool = try database.pool(PoolSettings())
        defer { pool.stop() }
        let outcome = pool.begin(
            .transaction { [self] runner throws(DatabaseError) in
                _ = try runner.run(command("one"))
                _ = try runner.run(command("two"))
            }
        ).wait()
        #expect(error(outcome) == nil)
        #expect(database.log == ["1: begin", "1: one", "1: two", "1: commit"])
        _ = pool.begin(.transaction { _ in }, isQuery: true).wait()
        #expect(database.log.suffix(2) == ["1: begin to read", "1: commit"])
        _ = pool.begin(.session { [self] runner throws(DatabaseError) in _ = try runner.run(command("alone")) }).wait()
        #expect(database.log.last == "1: alone")
    }

    @Test func whatAFunctionThrowsUndoesIt() throws {
        let pool = try database.pool(PoolSettings())
        defer { pool.stop() }
        let outcome = pool.begin(
            .transaction { [self] runner throws(DatabaseError) in
                _ = try runner.run(command("one"))
                throw DatabaseError(.undone, "no")
            }
        ).wait()
        #expect(error(outcome)?.kind == .undone)
        #expect(database.state.withLock { $0.rollbacks } == 1)
    }

    @Test func onlyABrokenRuleLeavesTheTransactionUsable() throws {
        let pool = try database.pool(PoolSettings())
        defer { pool.stop() }
        let goesOn = pool.begin(
            .transaction { [self] runner throws(DatabaseError) in
                #expect(throws: DatabaseError.self) { try runner.run(command("fail")) }
                _ = try runner.run(command("one"))
            }
        ).wait()
        #expect(error(goesOn) == nil)
        let ends = pool.begin(
            .transaction { [self] runner throws(DatabaseError) in
                #expect(throws: DatabaseError.self) { try runner.run(command("wrong")) }
                let second = #expect(throws: DatabaseError.self) { try runner.run(command("two")) }
                #expect(second?.kind == .syntax, "it was not run")
            }
        ).wait()
        #expect(error(ends)?.kind == .syntax)
        #expect(!database.log.contains("1: two"))
        #expect(database.state.withLock { $0.rollbacks } == 1)
    }

    @Test func aFunctionRunsAgainIfAnotherTransactionWasFirst() throws {
        let pool = try database.pool(PoolSettings())
        defer { pool.stop() }
        database.state.withLock { $0.conflicts = 2 }
        let outcome = pool.begin(
            .transaction { [self] runner throws(DatabaseError) in _ = try? runner.run(command("clash")) }
        ).wait()
        #expect(error(outcome) == nil, "also if it ignores the error")
        #expect(database.log.count { $0 == "1: clash" } == 3)
        #expect(pool.currentCounts.retries == 2)
    }

    @Test func aSessionIsMadeNewWhenAJobHasLeftSomething() throws {
        let pool = try database.pool(PoolSettings())
        #expect(pool.run("dirty") == nil)
        #expect(pool.run("one") == nil)
        pool.stop()
        #expect(database.log == ["1: dirty", "1: reset", "1: one"])
    }

    @Test func aSessionThatCannotBeMadeNewIsReplaced() throws {
        var settings = PoolSettings()
        settings.maximum = 1
        let pool = try database.pool(settings)
        defer { pool.stop() }
        let gate = Reply<Bool>()
        database.state.withLock { $0.gate = gate }
        let outcome = pool.begin(
            .session { [self] runner throws(DatabaseError) in
                _ = try runner.run(command("dirty"))
                _ = try runner.run(command("wait"))
            })
        // From now on the session answers nothing, so it cannot be reset.
        try waitUntil("the job waits") { database.log.last == "1: wait" }
        database.state.withLock { $0.oldest = 2 }
        gate.set(true)
        _ = outcome.wait()
        #expect(pool.run("one") == nil)
        #expect(database.log.last == "2: one")
    }

    @Test func statementsHaveTheDeadlineOfTheirJob() throws {
        let pool = try database.pool(PoolSettings())
        defer { pool.stop() }
        let now = readMonotonicClock()
        let late = pool.begin(.commands([command("late")]), end: now + 1)
        #expect(error(late.wait())?.kind == .timeout)
        let early = pool.begin(.commands([command("late")]), end: now + 60_000_000_000)
        #expect(error(early.wait()) == nil)
    }

    @Test func theStatementOfAFunctionIsShown() throws {
        let pool = try database.pool(PoolSettings())
        defer { pool.stop() }
        let gate = Reply<Bool>()
        database.state.withLock { $0.gate = gate }
        let outcome = pool.begin(
            .transaction { [self] runner throws(DatabaseError) in
                _ = try runner.run(command("one"))
                _ = try runner.run(command("wait"))
            })
        try waitUntil("it is shown") { pool.running.first?.statement == "wait" }
        gate.set(true)
        #expect(error(outcome.wait()) == nil)
        #expect(pool.running.isEmpty)
    }
}
