import Synchronization

/// Hands out the numbers of records in rotation, so that a number is reused as late as possible: a reader with an old list reads
/// the last values of an instance that is gone, not those of its successor.
final class RecordNumbers: Sendable {
    private struct State {
        var isTaken = [Bool](repeating: false, count: LoopPage.recordLimit)
        var next = 0
    }

    private let state = Mutex(State())

    /// nil: all are taken.
    func take() -> Int? {
        state.withLock { state in
            for _ in 0..<LoopPage.recordLimit {
                let number = state.next
                state.next = (state.next + 1) % LoopPage.recordLimit
                if state.isTaken[number] { continue }
                state.isTaken[number] = true
                return number
            }
            return nil
        }
    }

    func give(_ number: Int) { state.withLock { $0.isTaken[number] = false } }
}
