import CMartlet
import Engine
import Synchronization

/// The timers of an instance, by id.
final class TimerRegistry: Sendable {
    struct Entry: Sendable {
        let timer: InstanceTimer
        let loop: EventLoop
        var isCancelled = false
    }

    private struct State {
        var entries: [martlet_timer: Entry] = [:]
        var last: martlet_timer = 0
    }

    private let state = Mutex(State())

    /// nil: there are too many timers.
    func add(_ make: (martlet_timer) -> Entry) -> (id: martlet_timer, entry: Entry)? {
        state.withLock { state in
            // A cancelled timer counts until its loop has ended it.
            guard state.entries.count < Int(MARTLET_TIMER_LIMIT) else { return nil }
            state.last += 1
            let entry = make(state.last)
            state.entries[state.last] = entry
            return (state.last, entry)
        }
    }

    /// nil: it has ended or is about to end.
    func cancel(_ id: martlet_timer) -> Entry? {
        state.withLock { state in
            guard let entry = state.entries[id], !entry.isCancelled else { return nil }
            state.entries[id]?.isCancelled = true
            return entry
        }
    }

    func remove(_ id: martlet_timer) { state.withLock { _ = $0.entries.removeValue(forKey: id) } }

    var all: [Entry] { state.withLock { Array($0.entries.values) } }
}
