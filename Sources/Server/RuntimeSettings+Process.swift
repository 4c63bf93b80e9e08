import Configuration
import ConfiguredInstances
import Databases
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
        pluginNanoseconds = process.pluginTimeout.nanoseconds
        databases = process.databases.map(DatabaseSettings.init)
    }
}

extension RuntimeSettings {
    /// What can change live is taken from here, the rest from the settings of the start.
    func withFixed(_ start: RuntimeSettings) -> RuntimeSettings {
        var settings = self
        settings.engine.loopCount = start.engine.loopCount
        settings.engine.deliveryLimit = start.engine.deliveryLimit
        settings.engine.processors = start.engine.processors
        settings.engine.workers.queueLimit = start.engine.workers.queueLimit
        (settings.identity, settings.processLimit) = (start.identity, start.processLimit)
        settings.orphanNanoseconds = start.orphanNanoseconds
        return settings
    }
}
