import CMartlet
import Synchronization

/// What the plugin submitted or posted and the test has not run yet. Plugins may add from any thread.
final class WorkQueue: Sendable {
    struct Item: @unchecked Sendable {
        /// nil: posted, not submitted.
        let work: martlet_work?
        let delivery: martlet_delivery?
        let connection: martlet_connection_id
        let context: UnsafeMutableRawPointer?
    }

    private struct State {
        var items: [Item] = []
        var submitted = 0
        var stopping = false
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { state.withLock { $0.items.count } }

    func add(_ item: Item) -> martlet_result {
        state.withLock { state in
            guard !state.stopping else { return MARTLET_ERROR_STOPPING }
            if item.work != nil {
                guard state.submitted < limit else { return MARTLET_ERROR_BUSY }
                state.submitted += 1
            }
            state.items.append(item)
            return MARTLET_OK
        }
    }

    func next() -> Item? {
        state.withLock { state in
            guard !state.items.isEmpty else { return nil }
            let item = state.items.removeFirst()
            if item.work != nil { state.submitted -= 1 }
            return item
        }
    }

    func stop() { state.withLock { $0.stopping = true } }
}
