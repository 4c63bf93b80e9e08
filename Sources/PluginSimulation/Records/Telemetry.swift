import CMartlet
import Synchronization

/// What plugins may reach from any thread: metrics, logs, and the list of broken rules.
final class Telemetry: Sendable {
    struct Metric {
        let name: String
        let isCounter: Bool
        var value: Int64 = 0
    }

    private struct State {
        var metrics: [Metric] = []
        var logs: [LogRecord] = []
        var violations: [Violation] = []
        var refusals: [SimulationError.Refusal] = []
    }

    private let state = Mutex(State())

    var logs: [LogRecord] { state.withLock { $0.logs } }
    var violations: [Violation] { state.withLock { $0.violations } }
    var refusals: [SimulationError.Refusal] { state.withLock { $0.refusals } }
    var metrics: [String: Int64] {
        state.withLock { state in
            Dictionary(uniqueKeysWithValues: state.metrics.map { ($0.name, $0.value) })
        }
    }

    func violation(_ text: String, connection: Int? = nil, in call: PluginCall? = nil, isAnswered: Bool = false) {
        let violation = Violation(connection: connection, call: call, text: text, isAnswered: isAnswered)
        state.withLock { $0.violations.append(violation) }
    }

    func log(_ level: UInt32, _ message: String) {
        state.withLock { $0.logs.append(LogRecord(level: level, message: message)) }
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

    func register(_ name: String, isCounter: Bool) -> martlet_metric {
        state.withLock { state in
            if let index = state.metrics.firstIndex(where: { $0.name == name }) {
                guard state.metrics[index].isCounter == isCounter else { return MARTLET_ERROR_ARGUMENT }
                return martlet_metric(index)
            }
            state.metrics.append(Metric(name: name, isCounter: isCounter))
            return martlet_metric(state.metrics.count - 1)
        }
    }

    func add(_ amount: Int64, to metric: martlet_metric) -> martlet_result {
        update(metric) { found in
            guard !found.isCounter || amount >= 0 else { return false }
            found.value &+= amount
            return true
        }
    }

    func set(_ metric: martlet_metric, to value: Int64) -> martlet_result {
        update(metric) { found in
            guard !found.isCounter else { return false }
            found.value = value
            return true
        }
    }

    private func update(_ metric: martlet_metric, _ change: (inout Metric) -> Bool) -> martlet_result {
        state.withLock { state in
            guard state.metrics.indices.contains(Int(metric)), change(&state.metrics[Int(metric)]) else {
                let text = "a metric update that its kind does not allow, or of no metric: \(metric)"
                state.violations.append(Violation(connection: nil, call: nil, text: text, isAnswered: true))
                return MARTLET_ERROR_ARGUMENT
            }
            return MARTLET_OK
        }
    }
}
