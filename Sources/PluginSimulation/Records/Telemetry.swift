import CMartlet
import Synchronization

/// What plugins may reach from any thread: metrics, logs, and the list of broken rules.
final class Telemetry: Sendable {
    private struct State {
        var leastLevel = MARTLET_LOG_TRACE
        var logs: [LogRecord] = []
        var violations: [Violation] = []
        var refusals: [SimulationError.Refusal] = []
    }

    private let state = Mutex(State())
    /// Shared with the generations before and after.
    let metrics: MetricTable

    init(metrics: MetricTable) { self.metrics = metrics }

    var logs: [LogRecord] { state.withLock { $0.logs } }
    var violations: [Violation] { state.withLock { $0.violations } }
    var refusals: [SimulationError.Refusal] { state.withLock { $0.refusals } }

    /// `martlet_log_level` of what is kept.
    var leastLevel: UInt32 {
        get { state.withLock { $0.leastLevel } }
        set { state.withLock { $0.leastLevel = newValue } }
    }

    func violation(_ text: String, connection: Int? = nil, in call: PluginCall? = nil, isAnswered: Bool = false) {
        let violation = Violation(connection: connection, call: call, text: text, isAnswered: isAnswered)
        state.withLock { $0.violations.append(violation) }
    }

    func log(_ level: UInt32, _ message: String) {
        state.withLock { state in
            guard level >= state.leastLevel else { return }
            state.logs.append(LogRecord(rawLevel: level, message: message))
        }
    }

    func takeLogs() -> [LogRecord] {
        state.withLock { state in
            defer { state.logs = [] }
            return state.logs
        }
    }

    func refuse(_ path: String, _ message: String) {
        state.withLock { $0.refusals.append(SimulationError.Refusal(path: path, message: message)) }
    }

    func takeRefusals() -> [SimulationError.Refusal] {
        state.withLock { state in
            defer { state.refusals = [] }
            return state.refusals
        }
    }

    /// The result of a metric update; one that the kind does not allow is a broken rule.
    func checked(_ done: Bool, _ metric: martlet_metric) -> martlet_result {
        guard !done else { return MARTLET_OK }
        violation("a metric update that its kind does not allow, or of no metric: \(metric)", isAnswered: true)
        return MARTLET_ERROR_ARGUMENT
    }
}
