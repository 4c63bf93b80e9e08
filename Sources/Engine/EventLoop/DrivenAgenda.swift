import Synchronization

/// What waits until the caller of a driven engine lets it happen: submitted work, and deliveries, in the order in which plugins asked
/// for them. With threads it would happen by itself.
package final class DrivenAgenda: Sendable {
    enum Item: Sendable {
        /// The next item of the workers' queue.
        case work
        /// Puts a delivery into the mailbox of its loop.
        case delivery(@Sendable () -> Void)
    }

    private struct State {
        var items: [Item] = []
        /// The deliveries of completions go to their loops at once.
        var isCompleting = false
    }

    private let state = Mutex(State())

    init() {}

    /// Plugins may add from any thread.
    func add(_ item: Item) {
        let isDue = state.withLock { state in
            if !state.isCompleting { state.items.append(item) }
            return state.isCompleting
        }
        if isDue, case .delivery(let deliver) = item { deliver() }
    }

    package var count: Int { state.withLock { $0.items.count } }

    func next() -> Item? { state.withLock { $0.items.isEmpty ? nil : $0.items.removeFirst() } }

    /// Runs the completion of work, which belongs to the item that the work was.
    func complete(_ completion: () -> Void) {
        state.withLock { $0.isCompleting = true }
        completion()
        state.withLock { $0.isCompleting = false }
    }
}
