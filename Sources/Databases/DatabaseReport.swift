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

        init(_ job: RunningJob) {
            (label, connection) = (job.origin.label, job.origin.connection)
            seconds = Double(readMonotonicClock() - job.since) / 1e9
            statement = job.statement
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
