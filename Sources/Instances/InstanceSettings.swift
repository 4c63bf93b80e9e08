import Engine

/// The settings of an instance, besides its plugin and its options.
package struct InstanceSettings: Codable, Sendable, Equatable {
    package var limits: ConnectionBounds
    package var rules: AdmissionRules
    package var faults: FaultPolicy
    /// Its callbacks run on the worker pool.
    package var usesWorkers: Bool
    package var callbackWarningNanoseconds: UInt64
    /// A callback of a connection that runs longer ends the host; 0: none does.
    package var hangNanoseconds: UInt64
    /// How long `create`, `destroy` and operations may take.
    package var callNanoseconds: UInt64
    /// 0: any number.
    package var logLinesPerSecond: Int
    /// The series of each of its metrics with labels.
    package var metricSeries: Int
    /// The name of the database with its users; nil: it has none.
    package var users: String?

    package init(
        limits: ConnectionBounds, rules: AdmissionRules, faults: FaultPolicy, usesWorkers: Bool,
        callbackWarningNanoseconds: UInt64, callNanoseconds: UInt64, logLinesPerSecond: Int,
        metricSeries: Int = 1_000, hangNanoseconds: UInt64 = 0, users: String? = nil
    ) {
        self.limits = limits
        self.rules = rules
        self.faults = faults
        self.usesWorkers = usesWorkers
        self.callbackWarningNanoseconds = callbackWarningNanoseconds
        self.callNanoseconds = callNanoseconds
        self.logLinesPerSecond = logLinesPerSecond
        self.metricSeries = metricSeries
        self.hangNanoseconds = hangNanoseconds
        self.users = users
    }
}
