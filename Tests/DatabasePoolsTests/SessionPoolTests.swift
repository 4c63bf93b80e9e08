import Glibc
import SQL
import Testing
import Threads

@testable import DatabasePools

@Suite struct SessionPoolTests {
    private let database = ScriptedDatabase()

    private func settings(_ change: (inout PoolSettings) -> Void = { _ in }) -> PoolSettings {
        var settings = PoolSettings()
        (settings.minimum, settings.maximum) = (0, 2)
        (settings.shortestBackOffNanoseconds, settings.longestBackOffNanoseconds) = (1_000_000, 4_000_000)
        change(&settings)
        return settings
    }

    /// Occupies connections until the gate opens.
    private func occupy(_ pool: SessionPool, _ count: Int) throws -> (gate: Reply<Bool>, answers: [Reply<Job.Outcome>])
    {
        let gate = Reply<Bool>()
        database.state.withLock { $0.gate = gate }
        let answers = (0..<count).map { _ in pool.begin(["wait"]) }
        try waitUntil("they are busy") { pool.currentCounts.busy == count }
        return (gate, answers)
    }

    // MARK: Size

    @Test func connectionsAreMadeOnDemandAndUpToTheMaximum() throws {
        let pool = try database.pool(settings())
        #expect(pool.currentCounts.open == 0)
        #expect(pool.run("one") == nil)
        #expect(pool.run("two") == nil)
        #expect(pool.currentCounts.made == 1)
        let held = try occupy(pool, 2)
        let third = pool.begin(["three"])
        #expect(pool.health == .saturated && pool.currentCounts.waiting == 1)
        held.gate.set(true)
        #expect(throws: Never.self) { try third.wait().get() }
        #expect(pool.currentCounts.made == 2 && pool.health == .healthy)
        pool.stop()
        #expect(database.state.withLock { $0.open } == 0)
    }

    @Test func theMinimumIsThereAtTheStartAndComesBack() throws {
        let pool = try database.pool(settings { ($0.minimum, $0.idleNanoseconds) = (2, 1) })
        try waitUntil("they are open") { pool.currentCounts.open == 2 }
        #expect(pool.run("one") == nil)
        #expect(pool.currentCounts.open == 2, "the minimum stays")
        pool.stop()
    }

    /// Although another connection is open, and nobody waits.
    @Test func theMinimumComesBackAfterAConnectionThatFailed() throws {
        let pool = try database.pool(settings { ($0.minimum, $0.maximum, $0.validateNanoseconds) = (2, 2, .max) })
        try waitUntil("both are there") { pool.currentCounts.idle == 2 }
        database.state.withLock { $0.isReachable = false }
        database.breakAll()
        #expect(pool.run("change") == .away)
        try waitUntil("it has failed") { database.state.withLock { $0.attempts } >= 4 }
        #expect(pool.health == .healthy)
        database.state.withLock { $0.isReachable = true }
        try waitUntil("both are there again") { pool.currentCounts.open == 2 }
        pool.stop()
    }

    @Test func theConnectionThatWasUsedLastIsUsedAgain() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 2)
        held.gate.set(true)
        for _ in 0..<20 {
            try waitUntil("both are idle") { pool.currentCounts.idle == 2 }
            #expect(pool.run("again") == nil)
        }
        let used = Set(database.log.filter { $0.hasSuffix("again") }.dropFirst())
        #expect(used.count == 1, "\(database.log)")
        pool.stop()
    }

    @Test func idleConnectionsAreClosed() throws {
        let pool = try database.pool(settings { $0.idleNanoseconds = 1_000_000 })
        #expect(pool.run("one") == nil)
        try waitUntil("it is closed") { database.state.withLock { $0.open } == 0 }
        #expect(pool.run("two") == nil)
        #expect(pool.currentCounts.made == 2)
        pool.stop()
    }

    @Test func oldConnectionsAreReplaced() throws {
        let pool = try database.pool(settings { ($0.minimum, $0.lifeNanoseconds) = (1, 2_000_000) })
        try waitUntil("it has been replaced") { pool.currentCounts.made >= 3 }
        #expect(pool.currentCounts.broken == 0)
        pool.stop()
    }

    @Test func evictionReplacesIdleAndBusyOnes() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 2)
        pool.evict()
        held.gate.set(true)
        try waitUntil("both are new") { pool.currentCounts.made == 4 && pool.currentCounts.open == 2 }
        pool.evict()
        try waitUntil("both are new again") { pool.currentCounts.made == 6 }
        pool.stop()
    }

    @Test func thePoolCanBeResized() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 2)
        let waiting = [pool.begin(["a"]), pool.begin(["b"])]
        pool.apply(settings { ($0.minimum, $0.maximum) = (4, 4) })
        for answer in waiting { #expect(throws: Never.self) { try answer.wait().get() } }
        pool.apply(settings { $0.maximum = 1 })
        held.gate.set(true)
        try waitUntil("the others are closed") { pool.currentCounts.open == 1 }
        pool.stop()
    }

    @Test func aPausedPoolFinishesWhatRunsAndKeepsTheRest() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 1)
        pool.pause()
        held.gate.set(true)
        #expect(throws: Never.self) { try held.answers[0].wait().get() }
        let waiting = (0..<3).map { _ in pool.begin(["later"]) }
        try waitUntil("nothing runs") { pool.currentCounts.busy == 0 }
        #expect(pool.currentCounts.waiting == 3 && waiting.allSatisfy { $0.current == nil })
        pool.resume()
        for answer in waiting { #expect(throws: Never.self) { try answer.wait().get() } }
        pool.stop()
    }

    // MARK: Limits

    @Test func whoWaitsTooLongIsTold() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 2)
        pool.apply(settings { $0.acquireNanoseconds = 2_000_000 })
        #expect(pool.run("late") == .busy)
        held.gate.set(true)
        for answer in held.answers { #expect(throws: Never.self) { try answer.wait().get() } }
        #expect(pool.currentCounts.refused == 1)
        pool.stop()
    }

    /// Others before it may wait for longer.
    @Test func whoHasLessTimeIsToldInTime() throws {
        let pool = try database.pool(settings { $0.acquireNanoseconds = 60_000_000_000 })
        let held = try occupy(pool, 2)
        let patient = pool.begin(["a"])
        let start = readMonotonicClock()
        let outcome = pool.begin(["b"], deadline: start + 2_000_000).wait()
        let error = #expect(throws: DatabaseError.self) { try outcome.get() }
        #expect(error?.kind == .busy && readMonotonicClock() - start < 10_000_000_000)
        #expect(patient.current == nil)
        held.gate.set(true)
        #expect(throws: Never.self) { try patient.wait().get() }
        pool.stop()
    }

    @Test func aFullQueueRefusesAtOnce() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 2)
        pool.apply(settings { $0.queueLimit = 1 })
        let waiting = pool.begin(["waits"])
        #expect(pool.run("too many") == .busy)
        held.gate.set(true)
        #expect(throws: Never.self) { try waiting.wait().get() }
        pool.stop()
        #expect(pool.run("after the end") == .stopping)
    }

    // MARK: Away

    @Test func whileTheDatabaseIsAwayJobsFailAtOnceAndOneThreadTries() throws {
        database.state.withLock { $0.isReachable = false }
        let pool = try database.pool(settings { ($0.minimum, $0.maximum) = (3, 3) })
        try waitUntil("it is away") { if case .away = pool.health { true } else { false } }
        try waitUntil("one is left") { pool.currentCounts.connecting == 1 }
        #expect(pool.run("now") == .away)
        let start = readMonotonicClock()
        for _ in 0..<1_000 { #expect(pool.run("now") == .away) }
        let each = (readMonotonicClock() - start) / 1_000
        #expect(each < 1_000_000, "\(each) ns")
        database.state.withLock { $0.isReachable = true }
        try waitUntil("the minimum is back") { pool.currentCounts.open == 3 && pool.health == .healthy }
        #expect(pool.run("well") == nil)
        pool.stop()
    }

    @Test func whoWaitsForTheFirstConnectionHearsThatThereIsNone() throws {
        database.state.withLock { $0.isReachable = false }
        let pool = try database.pool(settings())
        #expect(pool.run("first") == .away)
        pool.stop()
    }

    /// Such as: it has too many connections already.
    @Test func whileOthersAreOpenAFailedConnectionIsNoAbsence() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 1)
        database.state.withLock { $0.isReachable = false }
        let second = pool.begin(["second"])
        try waitUntil("it has failed") {
            pool.currentCounts.connecting == 0 && database.state.withLock { $0.attempts } == 2
        }
        #expect(pool.health == .healthy && second.current == nil)
        held.gate.set(true)
        #expect(throws: Never.self) { try second.wait().get() }
        pool.stop()
    }

    // MARK: Broken connections

    @Test func aQueryOnABrokenConnectionIsRunAgain() throws {
        let pool = try database.pool(settings { $0.validateNanoseconds = .max })
        #expect(pool.run("one") == nil)
        database.breakAll()
        #expect(pool.run("two", isQuery: true) == nil)
        database.breakAll()
        #expect(pool.run("three") == .away, "it may have been done")
        #expect(pool.run("four") == nil)
        #expect(pool.currentCounts.broken == 2)
        pool.stop()
    }

    /// What has broken one connection has broken the others too: a query outlives them all, and only the first change is uncertain.
    @Test(arguments: [true, false]) func aBreakCastsDoubtOnTheOtherConnections(isQuery: Bool) throws {
        let pool = try database.pool(settings { ($0.minimum, $0.maximum, $0.validateNanoseconds) = (4, 4, .max) })
        try waitUntil("all are there") { pool.currentCounts.idle == 4 }
        database.breakAll()
        #expect(pool.run("first", isQuery: isQuery) == (isQuery ? nil : .away))
        for number in 0..<8 { #expect(pool.run("\(number)") == nil) }
        pool.stop()
    }

    /// The other connections do not wait for their next check while the job waits for them.
    @Test func whatABrokenConnectionGivesBackIsTakenAtOnce() throws {
        let pool = try database.pool(settings { ($0.minimum, $0.maximum, $0.validateNanoseconds) = (2, 2, .max) })
        try waitUntil("both are there") { pool.currentCounts.idle == 2 }
        database.state.withLock { $0.isReachable = false }
        database.breakAll()
        #expect(pool.run("read", isQuery: true) == .away)
        #expect(database.state.withLock { $0.checks } == 1)
        database.state.withLock { $0.isReachable = true }
        pool.stop()
    }

    @Test func aConnectionIsCheckedBeforeUse() throws {
        let pool = try database.pool(settings { $0.validateNanoseconds = 0 })
        #expect(pool.run("one") == nil)
        database.breakAll()
        #expect(pool.run("two") == nil)
        #expect(pool.currentCounts.broken == 1 && database.log == ["1: one", "2: two"])
        pool.stop()
    }

    @Test func idleConnectionsAreCheckedFromTimeToTime() throws {
        let pool = try database.pool(settings { ($0.minimum, $0.checkNanoseconds) = (1, 1_000_000) })
        try waitUntil("it has been checked") { database.state.withLock { $0.checks } > 2 }
        database.breakAll()
        try waitUntil("there is a new one") { pool.currentCounts.made == 2 && pool.currentCounts.open == 1 }
        pool.stop()
    }

    // MARK: Transactions

    @Test func severalStatementsAreOneTransaction() throws {
        let pool = try database.pool(settings())
        #expect(pool.run("a", "b") == nil)
        #expect(database.log == ["1: begin", "1: a", "1: b", "1: commit"])
        #expect(pool.run("a", "fail", "c") == .constraint)
        #expect(database.state.withLock { $0.rollbacks } == 1)
        #expect(database.log.suffix(3) == ["1: begin", "1: a", "1: fail"])
        pool.stop()
    }

    @Test func aConflictIsTriedAgain() throws {
        let pool = try database.pool(settings { $0.attempts = 3 })
        database.state.withLock { $0.conflicts = 2 }
        #expect(pool.run("a", "clash") == nil)
        #expect(pool.currentCounts.retries == 2)
        database.state.withLock { $0.conflicts = 3 }
        #expect(pool.run("clash") == .conflict)
        pool.stop()
    }

    @Test func whatRunsIsShown() throws {
        let pool = try database.pool(settings())
        let held = try occupy(pool, 1)
        #expect(pool.running.map(\.statement) == ["wait"])
        held.gate.set(true)
        _ = held.answers[0].wait()
        try waitUntil("nothing runs") { pool.running.isEmpty }
        pool.stop()
    }

    // MARK: Together

    @Test func manyThreadsAndAFlickeringDatabaseLoseNoAnswer() throws {
        let pool = try database.pool(settings { ($0.maximum, $0.lifeNanoseconds) = (4, 3_000_000) })
        let threads = try (0..<4).map { number in
            let done = Reply<Int>()
            let thread = try NamedThread(name: "client") {
                var answered = 0
                for index in 0..<2_000 {
                    _ = pool.begin(["\(number) \(index)"], isQuery: index.isMultiple(of: 2)).wait()
                    answered += 1
                }
                done.set(answered)
            }
            return (thread, done)
        }
        for round in 0..<50 {
            if round.isMultiple(of: 3) { database.breakAll() }
            database.state.withLock { $0.isReachable = !round.isMultiple(of: 5) }
            pool.evict()
            sched_yield()
        }
        database.state.withLock { $0.isReachable = true }
        for (thread, done) in threads {
            #expect(done.wait() == 2_000)
            thread.join()
        }
        pool.stop()
        #expect(database.state.withLock { $0.open } == 0)
    }
}
