import Synchronization

/// Hands out the numbers of records. A number is reused as late as possible: a reader with an old list reads the last values of an
/// instance that is gone, not those of its successor.
final class RecordNumbers: Sendable {
    private struct State {
        /// The lowest number that was never taken.
        var unused = 0
        var returned = Queue<Int>()
    }

    private let state = Mutex(State())

    /// nil: all are taken.
    func take() -> Int? {
        state.withLock { state in
            guard state.unused < LoopPage.recordLimit else { return state.returned.takeFirst() }
            state.unused += 1
            return state.unused - 1
        }
    }

    func give(_ number: Int) { state.withLock { $0.returned.append(number) } }
}
