/// The settings of an engine.
package struct EngineSettings: Codable, Sendable, Equatable {
    package static let usualReserve = 64

    package var loopCount: Int
    package var workers: WorkerSettings
    package var maximumConnections: Int
    package var maximumBufferMemory: Int
    /// Posts and completions that may wait for one event loop.
    package var deliveryLimit = 65_536
    /// Loop i is pinned to element i of this list, modulo its length; empty: not pinned.
    package var processors: [Int] = []
    /// Descriptors that accepted connections leave free for operators of the server.
    package var reservedDescriptors = usualReserve
    /// How long the control side waits for a loop, in nanoseconds.
    package var patienceNanoseconds: UInt64 = 5_000_000_000

    package init(loopCount: Int, workers: WorkerSettings, maximumConnections: Int, maximumBufferMemory: Int) {
        self.loopCount = loopCount
        self.workers = workers
        self.maximumConnections = maximumConnections
        self.maximumBufferMemory = maximumBufferMemory
    }
}
