import Configuration
import Engine
import Instances
import Threads

/// What a listener's file means for the plugin that it names.
extension ListenerConfiguration {
    /// Whether callbacks run on workers: what the listener says, else what the plugin needs.
    package func usesWorkers(for plugin: PluginDescription) -> Bool {
        switch dispatch {
        case .auto: plugin.threads == .workers
        case .loops: false
        case .workers: true
        }
    }

    /// A `dispatch` that the plugin does not support, if it is one. Only the plugin's author can promise on which threads it may run.
    package func dispatchProblem(for plugin: PluginDescription) -> Diagnostic? {
        let problem: String? =
            switch (dispatch, plugin.threads) {
            case (.workers, .loops):
                "its plugin \(plugin.name) runs on event loops only: leave \"dispatch\" out, or use a plugin that declares "
                    + "MARTLET_THREADS_BOTH"
            case (.loops, .workers):
                "its plugin \(plugin.name) may block and must not run on event loops: leave \"dispatch\" out, or set it to \"workers\""
            default: nil
            }
        return problem.map { diagnostic(key: "dispatch", message: $0) }
    }

    /// Checks the plugin's options against its schema, and completes them.
    package func checkedOptions(
        for plugin: PluginDescription, parser: TOMLParser
    ) throws(ConfigurationError) -> OptionValue {
        let schema = OptionSchema(plugin.options)
        let defects = schema.defects(parser: parser)
        guard defects.isEmpty else {
            throw ConfigurationError(
                defects.map { diagnostic(key: "plugin", message: "its option schema is wrong: \($0)") })
        }
        return OptionValue(try validateOptions(schema, parser: parser).get(), plugin.options)
    }

    /// - Parameter callNanoseconds: how long calls that belong to no connection may take.
    package func instanceSettings(for plugin: PluginDescription, callNanoseconds: UInt64) -> InstanceSettings {
        InstanceSettings(
            limits: ConnectionBounds(limits), rules: AdmissionRules(limits, access), faults: FaultPolicy(of: limits),
            usesWorkers: usesWorkers(for: plugin), callbackWarningNanoseconds: limits.callbackWarning.nanoseconds,
            callNanoseconds: callNanoseconds, logLinesPerSecond: limits.logRate, metricSeries: limits.metricSeries,
            hangNanoseconds: limits.hangTimeout.nanoseconds, users: users)
    }
}
