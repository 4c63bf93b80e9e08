import SQL
import Testing
import Threads

@testable import DatabasePools

/// Rows in batches, each when it is asked for.
@Suite struct CursorTests {
    private let database = ScriptedDatabase()

    private func pool(_ change: (inout PoolSettings) -> Void = { _ in }) throws -> SessionPool {
        var settings = PoolSettings()
        (settings.minimum, settings.maximum) = (0, 3)
        change(&settings)
        return try database.pool(settings)
    }

    /// Has got its first batch, and waits with its statement open.
    private func openReader(_ pool: SessionPool, _ text: String = "rows 5") throws -> Reader {
        let reader = Reader(pool, text)
        let row = try Reader.row(reader.first.wait())
        #expect(row.number == 1 && row.hasMore)
        return reader
    }

    private func kind(_ body: () throws -> Void) -> DatabaseError.Class? {
        do { try body() } catch { return (error as? DatabaseError)?.kind }
        return nil
    }

    @Test func batchesComeWhenTheyAreAskedFor() throws {
        let pool = try pool()
        let reader = try openReader(pool)
        for number in 2...5 {
            let counts = pool.currentCounts
            #expect(counts.cursors == 1 && counts.busy == 1 && counts.jobs == 1)
            let running = try #require(pool.running.first)
            #expect(running.cursor === reader.cursor && running.statement == "rows 5")
            #expect(reader.cursor.idleNanoseconds(at: readMonotonicClock()) != nil)
            let row = try reader.next()
            #expect(row.number == number && row.hasMore == (number < 5))
        }
        #expect(reader.cursor.isOver)
        #expect(reader.cursor.ask(label: 0) { _ in Issue.record("it was asked after its end") } == .isOver)
        try waitUntil("the connection is free") { pool.currentCounts.idle == 1 }
        #expect(pool.currentCounts.cursors == 0 && database.log == ["1: rows 5"])
        pool.stop()
    }

    @Test func aResultOfOneBatchOpensNothing() throws {
        let pool = try pool()
        let row = try Reader.row(Reader(pool, "rows 1").first.wait())
        #expect(row.number == 1 && !row.hasMore)
        pool.stop()
    }

    @Test func oneQuestionAtATime() throws {
        let pool = try pool()
        let gate = Reply<Bool>()
        database.state.withLock { $0.gate = gate }
        let reader = Reader(pool, "wait")
        #expect(reader.cursor.ask(label: 0) { _ in Issue.record("it was taken") } == .isAsked)
        gate.set(true)
        #expect(try !Reader.row(reader.first.wait()).hasMore)
        pool.stop()
    }

    @Test func closingFreesTheConnection() throws {
        let pool = try pool()
        let reader = try openReader(pool)
        reader.cursor.close()
        try waitUntil("the connection is free") { pool.currentCounts.idle == 1 }
        #expect(reader.cursor.ask(label: 0) { _ in Issue.record("it was asked after its end") } == .isOver)
        #expect(database.log == ["1: rows 5", "1: ended after 1"])
        #expect(pool.run("next") == nil && pool.currentCounts.made == 1)
        pool.stop()
    }

    @Test func aCursorThatIsClosedWhileItReadsGivesItsLastRows() throws {
        let pool = try pool()
        let gate = Reply<Bool>()
        database.state.withLock { $0.gate = gate }
        let first = Reply<Job.Outcome>()
        let cursor = Cursor(batchBytes: 1) { first.set($0) }
        // Its first batch is not its last for the database.
        let begun = Reply<Bool>()
        let work = Background {
            begun.set(true)
            _ = gate.wait()
            var batch = StatementResult()
            batch.isPartial = true
            cursor.answer(.success([batch]))
        }
        _ = begun.wait()
        cursor.close()
        gate.set(true)
        #expect(try !Reader.row(first.wait()).hasMore)
        work.join()
        #expect(cursor.isOver)
        pool.stop()
    }

    @Test func whoForgetsACursorIsTold() throws {
        let pool = try pool { $0.cursorNanoseconds = 20_000_000 }
        let reader = try openReader(pool)
        try waitUntil("the connection is free") { pool.currentCounts.idle == 1 }
        #expect(kind { _ = try reader.next() } == .timeout)
        #expect(reader.cursor.ask(label: 0) { _ in Issue.record("it was asked after its end") } == .isOver)
        pool.stop()
    }

    @Test func whoAsksInTimeKeepsIt() throws {
        let pool = try pool { ($0.cursorNanoseconds, $0.lifeNanoseconds) = (0, 0) }
        let reader = try openReader(pool)
        #expect(try reader.next().number == 2)
        pool.stop()
    }

    @Test func aCursorEndsWithTheLifeOfItsConnection() throws {
        let pool = try pool { $0.lifeNanoseconds = 50_000_000 }
        let reader = try openReader(pool, "rows 1000000000")
        let end = readMonotonicClock() + 20_000_000_000
        var found: DatabaseError.Class?
        while found == nil, readMonotonicClock() < end { found = kind { _ = try reader.next() } }
        #expect(found == .timeout)
        pool.stop()
    }

    @Test func aBatchHasADeadlineOfItsOwn() throws {
        let pool = try pool()
        let reader = try openReader(pool)
        #expect(try reader.next().number == 2)
        #expect(kind { _ = try reader.next(end: 1) } == .timeout)
        #expect(reader.cursor.isOver)
        pool.stop()
    }

    // MARK: The pool

    @Test func cursorsLeaveOneConnection() throws {
        let pool = try pool()
        let readers = try (0..<2).map { _ in try openReader(pool) }
        #expect(pool.currentCounts.cursors == 2)
        #expect(pool.run("other") == nil, "there is one for everything else")
        let usual = pool.currentSettings
        var hasty = usual
        hasty.acquireNanoseconds = 20_000_000
        pool.apply(hasty)
        #expect(kind { _ = try Reader(pool, "rows 2").first.wait().get() } == .busy)
        pool.apply(usual)
        #expect(pool.currentCounts.made == 3)
        readers[0].cursor.close()
        try waitUntil("one has ended") { pool.currentCounts.cursors == 1 }
        _ = try openReader(pool)
        pool.stop()
    }

    @Test func aCursorThatWaitsGetsTheConnectionOfAnother() throws {
        let pool = try pool { ($0.maximum, $0.acquireNanoseconds) = (2, 60_000_000_000) }
        let reader = try openReader(pool)
        let next = Reader(pool, "rows 1")
        // Others are not held up by it.
        for _ in 0..<3 { #expect(pool.run("other") == nil) }
        #expect(next.first.current == nil && pool.currentCounts.waiting == 1)
        reader.cursor.close()
        #expect(try Reader.row(next.first.wait()).number == 1)
        pool.stop()
    }

    @Test func aPoolOfOneServesCursorsToo() throws {
        let pool = try pool { ($0.maximum, $0.acquireNanoseconds) = (1, 60_000_000_000) }
        let reader = try openReader(pool)
        let other = pool.begin(["other"])
        reader.cursor.close()
        _ = try other.wait().get()
        pool.stop()
    }

    @Test func evictEndsCursors() throws {
        let pool = try pool()
        let reader = try openReader(pool)
        pool.evict()
        #expect(kind { _ = try reader.next() } == .away)
        try waitUntil("it was replaced") { pool.currentCounts.made == 2 }
        #expect(pool.currentCounts.broken == 0)
        pool.stop()
    }

    @Test func theEndOfThePoolEndsCursors() throws {
        let pool = try pool()
        let reader = try openReader(pool)
        pool.stop()
        #expect(kind { _ = try reader.next() } == .stopping)
    }

    @Test func cursorsThatWaitAtTheEndGetOneBatch() throws {
        let pool = try pool { ($0.maximum, $0.acquireNanoseconds) = (1, 60_000_000_000) }
        let reader = try openReader(pool)
        let next = Reader(pool, "rows 5")
        pool.stop()
        #expect(try Reader.row(next.first.wait()).number == 1)
        #expect(kind { _ = try next.next() } == .stopping)
        #expect(kind { _ = try reader.next() } == .stopping)
    }

    // MARK: Lost connections

    @Test func aLostConnectionIsToldOnce() throws {
        let pool = try pool()
        let reader = try openReader(pool)
        database.breakAll()
        #expect(kind { _ = try reader.next() } == .away)
        #expect(reader.cursor.ask(label: 0) { _ in Issue.record("it was asked after its end") } == .isOver)
        #expect(pool.run("next") == nil)
        #expect(database.log == ["1: rows 5", "2: next"], "rows that were given are not read again")
        pool.stop()
    }

    @Test func aConnectionThatIsLostBeforeTheFirstRowsIsReplaced() throws {
        let pool = try pool()
        #expect(pool.run("one") == nil)
        database.breakAll()
        _ = try openReader(pool)
        #expect(database.log == ["1: one", "1: rows 5", "2: rows 5"])
        pool.stop()
    }
}

/// Something that another thread does.
private struct Background {
    private let done = Reply<Bool>()

    init(_ body: @escaping @Sendable () -> Void) {
        let done = done
        guard
            let thread = try? NamedThread(
                name: "background",
                {
                    body()
                    done.set(true)
                })
        else { return }
        thread.detach()
    }

    func join() { _ = done.wait() }
}
