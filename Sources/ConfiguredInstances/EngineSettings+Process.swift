import CLinux
import Configuration
import Engine
import Threads

extension WorkerSettings {
    init(_ process: ProcessConfiguration) {
        self.init(minimum: process.minimumWorkers, maximum: process.workers, queueLimit: process.workerQueue)
        growthNanoseconds = process.workerGrowthDelay.nanoseconds
        idleNanoseconds = process.workerIdleTimeout.nanoseconds
    }
}

extension EngineSettings {
    /// What `martlet.toml` says of the engine.
    package init(_ process: ProcessConfiguration) {
        self.init(
            loopCount: process.loops == 0
                ? min(Int(linux_processor_count()), ProcessConfiguration.loopLimit) : process.loops,
            workers: WorkerSettings(process), maximumConnections: process.maximumConnections,
            maximumBufferMemory: process.maximumBufferMemory)
        deliveryLimit = process.loopQueue
        processors = process.cpuAffinity
        patienceNanoseconds = process.loopTimeout.nanoseconds
    }
}
