/// What `martlet workers` shows.
package struct WorkersReport: Codable, Sendable {
    package struct Job: Codable, Sendable {
        package var worker: Int
        package var listener: String
        package var plugin: String
        package var generation: Int
        package var callback: String
        package var seconds: Double

        package init(
            worker: Int, listener: String, plugin: String, generation: Int, callback: String, seconds: Double
        ) {
            self.worker = worker
            self.listener = listener
            self.plugin = plugin
            self.generation = generation
            self.callback = callback
            self.seconds = seconds
        }
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

    package init(
        threads: Int, minimum: Int, maximum: Int, isPaused: Bool, queueLimit: Int, queued: Int, running: Int,
        submitted: UInt64, completed: UInt64, rejected: UInt64, delayP50Microseconds: Double,
        delayP99Microseconds: Double, delayWorstMicroseconds: Double, jobs: [Job]
    ) {
        self.threads = threads
        self.minimum = minimum
        self.maximum = maximum
        self.isPaused = isPaused
        self.queueLimit = queueLimit
        self.queued = queued
        self.running = running
        self.submitted = submitted
        self.completed = completed
        self.rejected = rejected
        self.delayP50Microseconds = delayP50Microseconds
        self.delayP99Microseconds = delayP99Microseconds
        self.delayWorstMicroseconds = delayWorstMicroseconds
        self.jobs = jobs
    }
}
