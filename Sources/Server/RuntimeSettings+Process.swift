import Configuration
import ConfiguredInstances
import Engine
import HostInterface
import Logging

extension RuntimeSettings {
    /// What `martlet.toml` says of the side that runs plugins.
    init(_ process: ProcessConfiguration) {
        self.init(
            engine: EngineSettings(process), workerWarningNanoseconds: process.workerWarning.nanoseconds,
            logLevel: Logger.Level(process.logLevel))
        memoryLimit = UInt64(process.memoryLimit)
        orphanNanoseconds = process.orphanTimeout.nanoseconds
        processLimit = UInt64(process.processLimit)
        identity = try? Identity(process)
    }
}
