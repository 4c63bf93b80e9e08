import Configuration
import ConfiguredInstances
import Engine
import HostInterface

extension RuntimeSettings {
    /// What `martlet.toml` says of the side that runs plugins.
    init(_ process: ProcessConfiguration) {
        self.init(
            engine: EngineSettings(process), workerWarningNanoseconds: process.workerWarning.nanoseconds)
    }
}
