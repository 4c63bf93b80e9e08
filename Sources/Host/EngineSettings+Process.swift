import CLinux
import Configuration
import ConfiguredInstances
import Engine

// From the types of the configuration to those of the engine, which does not know the configuration.

extension WorkerSettings {
    init(_ process: ProcessConfiguration) {
        self.init(minimum: process.minimumWorkers, maximum: process.workers, queueLimit: process.workerQueue)
        growthNanoseconds = process.workerGrowthDelay.nanoseconds
        idleNanoseconds = process.workerIdleTimeout.nanoseconds
    }
}

extension EngineSettings {
    init(_ process: ProcessConfiguration) {
        self.init(
            loopCount: process.loops == 0 ? Int(linux_processor_count()) : process.loops,
            workers: WorkerSettings(process), maximumConnections: process.maximumConnections,
            maximumBufferMemory: process.maximumBufferMemory)
        deliveryLimit = process.loopQueue
        processors = process.cpuAffinity
        patienceNanoseconds = process.loopTimeout.nanoseconds
    }
}
