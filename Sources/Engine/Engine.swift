import Glibc

/// The machine: event loops and workers. Knows nothing of plugins but their function tables.
package final class Engine: Sendable {
    package let loops: [EventLoop]
    package let workers: WorkerPool
    /// Connections of the whole process.
    package let quota: ConnectionQuota
    /// Buffers of the whole process.
    package let memory: BufferMemory

    /// - Parameters:
    ///   - processors: the i-th loop is pinned to the i-th of these, round and round; empty: not pinned.
    package init(
        loopCount: Int, workers: WorkerSettings, maximumConnections: Int, maximumBufferMemory: Int, processors: [Int]
    ) throws(SystemError) {
        let quota = ConnectionQuota(limit: maximumConnections)
        self.quota = quota
        let memory = BufferMemory(limit: maximumBufferMemory)
        self.memory = memory
        let workers = try WorkerPool(workers, memory: memory)
        self.workers = workers
        var loops: [EventLoop] = []
        do throws(SystemError) {
            for index in 0..<loopCount {
                let processor = processors.isEmpty ? nil : processors[index % processors.count]
                loops.append(
                    try EventLoop(
                        index: index, processQuota: quota, memory: memory, workers: workers, processor: processor))
            }
        } catch {
            workers.stop()
            for loop in loops { loop.stop() }
            throw error
        }
        self.loops = loops
    }

    /// Hands a function to the loop of a connection, or to any loop for id 0. False: there is no such loop.
    package func deliver(_ delivery: Delivery) -> Bool {
        guard hasLoop(of: delivery.connection) else { return false }
        loops[delivery.connection.rawValue == 0 ? 0 : delivery.connection.loop].deliver(delivery)
        return true
    }

    package func hasLoop(of connection: ConnectionID) -> Bool { loops.indices.contains(connection.loop) }

    /// Ends the workers, then the loops. Connections must be gone and listeners stopped.
    package func stop() {
        workers.stop()
        for loop in loops { loop.stop() }
    }
}
