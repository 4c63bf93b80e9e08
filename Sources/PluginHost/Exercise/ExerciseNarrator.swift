import Engine
import Simulation

/// Keeps track of what the exercise is doing, so that a crash can be traced to it.
final class ExerciseNarrator {
    /// "with line text in pieces of 7"; empty outside of any script.
    var script = "" {
        didSet { last = nil }
    }
    private var last: CallbackKind?
    private let tell: (String) -> Void

    init(tell: @escaping (String) -> Void) { self.tell = tell }

    /// Called before each call into the plugin. Does not report the same call twice in a row.
    func begin(_ call: CallbackKind) {
        guard call != last else { return }
        last = call
        tell(phrase(call))
    }

    /// "in received, with line text in pieces of 7"
    func phrase(_ call: CallbackKind?) -> String {
        [call.map { "in \($0.phrase)" } ?? "", script].filter { !$0.isEmpty }.joined(separator: ", ")
    }
}
