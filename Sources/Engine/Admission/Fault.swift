/// A rule of `martlet.h` that a plugin has broken, in the words of a server, of the probe and of a simulation.
package enum Fault: Sendable, Hashable {
    case consumed(Int, of: Int)
    case committed(Int, reserved: Int)
    /// Output after the plugin had closed the connection itself.
    case wroteAfterClose
    /// A host function that needs a callback of its connection, by its name.
    case outsideCallback(String)
    /// A host function that `save`, `restore` and `moved` must not call, by its name.
    case insideMove(String)
    case fileTooShort
    case refusedAndCreated
    /// A host function that needs `create`, by its name.
    case outsideCreate(String)
    case metricUpdate(Int32)
    case metricSeries(Int32)

    package var text: String {
        switch self {
        case .consumed(let consumed, let count): "consumed \(consumed) of \(count) bytes"
        case .committed(let count, let reserved): "committed \(count) bytes of \(reserved) reserved"
        case .wroteAfterClose: "wrote to a connection that it had closed"
        case .outsideCallback(let function): "\(function) outside a callback of the connection"
        case .insideMove(let function): "\(function) inside save or restore"
        case .fileTooShort: "a file sent with send_file is shorter than was said"
        case .refusedAndCreated: "create called refuse and returned OK"
        case .outsideCreate(let function): "\(function) outside create"
        case .metricUpdate(let metric):
            "a metric update that its kind does not allow, or of no metric: \(metric)"
        case .metricSeries(let metric):
            "a series of no metric with labels, or with too few or too many values: \(metric)"
        }
    }

    /// The host function has refused the call, so nothing came of it.
    package var isAnswered: Bool {
        switch self {
        case .wroteAfterClose, .outsideCreate, .metricUpdate, .metricSeries: true
        default: false
        }
    }

    /// Whether two faults break the same rule: the log reports each rule once, whatever the numbers.
    func isSameRule(as other: Fault) -> Bool {
        switch (self, other) {
        case (.consumed, .consumed), (.committed, .committed), (.metricUpdate, .metricUpdate),
            (.metricSeries, .metricSeries):
            true
        default: self == other
        }
    }
}
