import Engine

/// What `martlet workers` shows.
package struct WorkersReport: Codable, Sendable {
    package struct Job: Codable, Sendable {
        package var worker: Int
        package var listener: String
        package var plugin: String
        package var generation: Int
        package var callback: String
        package var seconds: Double
    }

    package var threads: Int
    package var minimum: Int
    package var maximum: Int
    package var isPaused: Bool
    package var queueLimit: Int
    package var queued: Int
    package var running: Int
    package var submitted: UInt64
    package var completed: UInt64
    package var rejected: UInt64
    /// How long jobs waited in the queue, since the start.
    package var delayP50Microseconds: Double
    package var delayP99Microseconds: Double
    package var delayWorstMicroseconds: Double
    /// The running jobs, oldest first.
    package var jobs: [Job]
}
