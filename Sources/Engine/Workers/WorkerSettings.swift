/// How many workers there are, and when that changes. Times are in nanoseconds.
package struct WorkerSettings: Codable, Sendable, Equatable {
    /// Threads that are kept even when idle.
    package var minimum: Int
    package var maximum: Int
    package var queueLimit: Int
    /// No item starts.
    package internal(set) var isPaused = false
    /// How long an item waits while no thread is free before another thread starts; 0: another starts at once.
    package var growthNanoseconds: UInt64 = 0
    /// How long a thread above the minimum is idle before it exits.
    package var idleNanoseconds: UInt64 = 30_000_000_000

    package init(minimum: Int, maximum: Int, queueLimit: Int) {
        self.minimum = minimum
        self.maximum = maximum
        self.queueLimit = queueLimit
    }
}
