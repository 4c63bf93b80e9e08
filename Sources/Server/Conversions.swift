import CLinux
import Configuration
import ConfiguredInstances
import Engine

// Conversions from the types of the configuration to those of the modules below, which do not know the configuration.

extension ListeningSocketOptions {
    init(_ options: SocketOptions) {
        self.init(backlog: Int32(clamping: options.backlog), unixMode: UInt32(options.unixMode))
        noDelay = options.noDelay
        keepAlive = options.keepalive
        keepAliveIdleSeconds = Int32(clamping: options.keepaliveIdle.components.seconds)
        keepAliveIntervalSeconds = Int32(clamping: options.keepaliveInterval.components.seconds)
        keepAliveCount = Int32(clamping: options.keepaliveCount)
        receiveBuffer = Int32(clamping: options.receiveBuffer)
        sendBuffer = Int32(clamping: options.sendBuffer)
    }
}

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
