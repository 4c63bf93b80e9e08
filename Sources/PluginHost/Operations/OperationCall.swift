import Synchronization

/// The operation that runs for an instance, of which there is one at a time, and why it failed.
final class OperationCall: Sendable {
    private struct State {
        var running: String?
        var refusals: [OptionRefusal] = []
    }

    private let state = Mutex(State())

    /// nil: begun. Otherwise the operation that runs.
    func begin(_ name: String) -> String? {
        state.withLock { state in
            if let running = state.running { return running }
            state = State(running: name)
            return nil
        }
    }

    /// What the plugin refused since `begin`.
    func end() -> [OptionRefusal] {
        state.withLock { state in
            defer { state = State() }
            return state.refusals
        }
    }

    /// The first hundred are kept, once each: every event loop may say the same.
    func refuse(_ refusal: OptionRefusal) {
        state.withLock {
            if $0.running != nil, $0.refusals.count < 100, !$0.refusals.contains(refusal) {
                $0.refusals.append(refusal)
            }
        }
    }
}
