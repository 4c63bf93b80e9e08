// What a pool of connections adds to the work of a database, with connections that do nothing. Prints, in nanoseconds:
//
//     job       a job that waits and gets a connection, is answered, and makes the connection free, with its share of the queue and the locks
//     submit    the call of `submit` while a connection is free: with it a thread is woken
//     begin     from that call until the thread has the job: the kernel's wake-up included
//     away      the call of `submit` while the database is away: it returns the error
//
// Medians of many; compiled with the rooms that it needs: Benchmarks/databases.sh.
import DatabasePools
import SQL
import Synchronization
import Threads

final class NoSession: DatabaseSession {
    func run(_ command: Command, _ limits: RunLimits) throws(DatabaseError) -> StatementResult {
        began.store(readMonotonicClock(), ordering: .releasing)
        return StatementResult()
    }
    func read(
        _ command: Command, _ limits: RunLimits, batchBytes: Int, _ next: (StatementResult) -> RunLimits?
    ) throws(DatabaseError) -> StatementResult { try run(command, limits) }
    func begin(readsOnly: Bool) throws(DatabaseError) {}
    func commit() throws(DatabaseError) {}
    func rollBack() throws(DatabaseError) {}
    var needsReset: Bool { false }
    func reset() throws(DatabaseError) {}
    func check() throws(DatabaseError) {}
    var isBroken: Bool { false }
}

/// When the last job has begun.
let began = Atomic<UInt64>(0)
let answers = Atomic<Int>(0)

@main struct PoolBenchmark {
    static let job = Job([Command(Statement(number: 0, text: "SELECT 1"))], isQuery: true) { _ in
        answers.wrappingAdd(1, ordering: .releasing)
    }

    static func main() throws {
        var settings = PoolSettings()
        (settings.minimum, settings.maximum, settings.queueLimit) = (1, 1, 1_000_000)
        let pool = try SessionPool(name: "pool", settings) { () throws(DatabaseError) in NoSession() }
        pool.start()
        wait { pool.currentCounts.idle == 1 }
        print("job", median(200) { queued(pool) })
        var begins: [UInt64] = []
        let submits = median(5_000) {
            let (count, start) = (answers.load(ordering: .acquiring), readMonotonicClock())
            _ = pool.submit(job)
            let end = readMonotonicClock()
            wait { answers.load(ordering: .acquiring) > count && pool.currentCounts.idle == 1 }
            begins.append(began.load(ordering: .acquiring) - start)
            return end - start
        }
        print("submit", submits)
        print("begin", begins.sorted()[begins.count / 2])
        pool.stop()

        let away = try SessionPool(name: "away", settings) { () throws(DatabaseError) in
            throw DatabaseError(.away, "connect: nobody is there")
        }
        away.start()
        wait { if case .away = away.health { true } else { false } }
        print(
            "away",
            median(10_000) {
                let start = readMonotonicClock()
                let error = away.submit(job)
                let end = readMonotonicClock()
                precondition(error?.kind == .away)
                return end - start
            })
        away.stop()
    }

    /// What each of many jobs costs that wait when the pool goes on.
    static func queued(_ pool: SessionPool) -> UInt64 {
        let (count, jobs) = (answers.load(ordering: .acquiring), 1_000)
        pool.pause()
        for _ in 0..<jobs { _ = pool.submit(job) }
        let start = readMonotonicClock()
        pool.resume()
        wait { answers.load(ordering: .acquiring) == count + jobs }
        let end = readMonotonicClock()
        wait { pool.currentCounts.idle == 1 }
        return (end - start) / UInt64(jobs)
    }

    static func wait(_ condition: () -> Bool) { while !condition() {} }

    static func median(_ count: Int, _ body: () -> UInt64) -> UInt64 { (0..<count).map { _ in body() }.sorted()[count / 2] }
}
