import Synchronization

/// The one operation that is running for an instance, and why it failed.
final class OperationCall: Sendable {
    private struct State {
        var running: String?
        var refusals: [OptionRefusal] = []
    }

    private let state = Mutex(State())

    /// nil: begun. Otherwise the operation that is already running.
    func begin(_ name: String) -> String? {
        state.withLock { state in
            if let running = state.running { return running }
            state = State(running: name)
            return nil
        }
    }

    /// Ends the operation. Returns the plugin's refusals since `begin`.
    func end() -> [OptionRefusal] {
        state.withLock { state in
            defer { state = State() }
            return state.refusals
        }
    }

    /// Keeps the first hundred refusals, each once, because every event loop may report the same one.
    func refuse(_ refusal: OptionRefusal) {
        state.withLock {
            if $0.running != nil, $0.refusals.count < 100, !$0.refusals.contains(refusal) {
                $0.refusals.append(refusal)
            }
        }
    }
}
