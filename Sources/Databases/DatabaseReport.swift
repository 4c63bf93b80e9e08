import DatabasePools
import SQL
import Threads

/// What is asked of a pool from outside.
package enum DatabaseChange: Codable, Sendable, Equatable {
    /// Nothing new is begun until `resume`. Of SQLite: nothing that only reads.
    case pause, resume
    /// All connections are replaced: the idle ones now, the others after their job.
    case evict
    /// Until the configuration changes.
    case resize(minimum: Int, maximum: Int)
}

extension SessionPool {
    func change(_ change: DatabaseChange) {
        switch change {
        case .pause: pause()
        case .resume: resume()
        case .evict: evict()
        case .resize(let minimum, let maximum): resize(minimum: minimum, maximum: maximum)
        }
    }
}

/// What a pool has and does: a row of `martlet databases`.
package struct DatabaseReport: Codable, Sendable, Equatable {
    /// A job that runs now.
    package struct Running: Codable, Sendable, Equatable {
        /// Names an instance, in the host.
        package var label: UInt32
        /// The instance for people: "keeps 3".
        package var holder = ""
        package var connection: UInt64
        package var seconds: Double
        package var statement: String
        /// It reads for a cursor, whose connection it has until the cursor ends.
        package var isCursor = false
        /// How long the cursor has waited for its plugin; nil: it reads.
        package var idleSeconds: Double?

        init(_ job: RunningJob) {
            let now = readMonotonicClock()
            // Its session may have moved to another instance.
            let origin = job.cursor?.origin ?? job.origin
            (label, connection) = (origin.label, origin.connection)
            seconds = Double(now - job.since) / 1e9
            statement = job.statement
            guard let cursor = job.cursor else { return }
            isCursor = true
            idleSeconds = cursor.idleNanoseconds(at: now).map { Double($0) / 1e9 }
        }
    }

    package static let states = ["healthy", "saturated", "away", "opening", "locked"]

    package var name: String
    /// "sqlite", "mariadb"
    package var kind: String
    /// One of `states`; "opening", and "locked" by another process that writes, only of a file.
    package var state = "healthy"
    /// Why it is away.
    package var problem = ""
    package var open = 0
    package var busy = 0
    /// Those of the busy ones that cursors have.
    package var cursors = 0
    package var waiting = 0
    package var jobs: UInt64 = 0
    package var failures: UInt64 = 0
    package var refused: UInt64 = 0
    package var retries: UInt64 = 0
    package var made: UInt64 = 0
    package var broken: UInt64 = 0
    package var waitSeconds = 0.0
    /// Of SQLite: how many commits its jobs took.
    package var commits: UInt64 = 0
    package var running: [Running] = []

    init(name: String, kind: String) { (self.name, self.kind) = (name, kind) }

    mutating func add(_ pool: SessionPool) {
        let counts = pool.currentCounts
        (open, busy, waiting) = (counts.open, counts.busy, counts.waiting)
        cursors = counts.cursors
        (jobs, failures, refused, retries) = (counts.jobs, counts.failures, counts.refused, counts.retries)
        (made, broken) = (counts.made, counts.broken)
        waitSeconds = Double(counts.waitNanoseconds) / 1e9
        switch pool.health {
        case .healthy: state = "healthy"
        case .saturated: state = "saturated"
        case .away(let error): (state, problem) = ("away", error.text)
        }
        running = pool.running.map { Running($0) }
    }
}
