import Engine

/// The settings of a runtime.
package struct RuntimeSettings: Codable, Sendable, Equatable {
    package var engine: EngineSettings
    /// A job of a worker that runs longer is logged; 0: none.
    package var workerWarningNanoseconds: UInt64

    package init(engine: EngineSettings, workerWarningNanoseconds: UInt64) {
        self.engine = engine
        self.workerWarningNanoseconds = workerWarningNanoseconds
    }
}
