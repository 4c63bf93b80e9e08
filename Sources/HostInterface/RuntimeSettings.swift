import Databases
import Engine
import Logging

/// The settings of a runtime.
package struct RuntimeSettings: Codable, Sendable, Equatable {
    package var engine: EngineSettings
    /// A job of a worker that runs longer is logged; 0: none.
    package var workerWarningNanoseconds: UInt64
    package var logLevel: Logger.Level
    /// How long a call of a plugin may take that belongs to no connection.
    package var pluginNanoseconds: UInt64 = 0
    /// Bytes that the process of the runtime may have resident; 0: any number. Of a runtime in this process, no limit.
    package var memoryLimit: UInt64 = 0
    /// Processes and threads that the user of a runtime's own process may have; 0: any number. RLIMIT_NPROC of getrlimit(2).
    package var processLimit: UInt64 = 0
    /// How long a runtime's own process outlives its control side, for the next one; 0: not at all.
    package var orphanNanoseconds: UInt64 = 0
    /// What its plugins can open.
    package var databases: [DatabaseSettings] = []
    /// The user that a runtime's own process becomes; nil: the one that has started it.
    package var identity: Identity?

    package init(engine: EngineSettings, workerWarningNanoseconds: UInt64, logLevel: Logger.Level) {
        self.engine = engine
        self.workerWarningNanoseconds = workerWarningNanoseconds
        self.logLevel = logLevel
    }
}

/// A user with its groups: credentials(7).
package struct Identity: Codable, Sendable, Equatable {
    package var user: UInt32
    package var group: UInt32
    package var groups: [UInt32]

    package init(user: UInt32, group: UInt32, groups: [UInt32]) {
        self.user = user
        self.group = group
        self.groups = groups
    }
}
