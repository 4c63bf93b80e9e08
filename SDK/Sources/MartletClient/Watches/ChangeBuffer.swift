import Synchronization

/// The changes of a watch that its reader has not read: a bounded queue. The reactor appends, the reader takes. Nobody waits for room: if
/// there is none, changes are dropped, and the reader gets `lost` in their place.
final class ChangeBuffer: Sendable {
    typealias Change = MartletClient.Change
    typealias Element = Result<Change?, MartletClientError>

    private struct State {
        var changes = Queue<Change>()
        var count = 0
        /// Changes were dropped after those in the queue.
        var hasLost = false
        /// Set once: nothing is appended any more. nil is a normal end.
        var end: Result<Void, MartletClientError>?
        var readers: [(id: UInt64, continuation: UnsafeContinuation<Element, Never>)] = []
        var nextReader: UInt64 = 0
        /// Readers that were cancelled before they waited.
        var cancelled: Set<UInt64> = []
    }

    private let state = Mutex(State())
    let limit: Int

    init(limit: Int) { self.limit = limit }

    // MARK: The reactor

    func append(_ change: Change) {
        let reader = state.withLock { state -> UnsafeContinuation<Element, Never>? in
            guard state.end == nil else { return nil }
            if let reader = state.readers.first {
                state.readers.removeFirst()
                return reader.continuation
            }
            if change == .lost || state.hasLost || state.count >= limit {
                state.hasLost = true
            } else {
                state.changes.append(change)
                state.count += 1
            }
            return nil
        }
        reader?.resume(returning: .success(change))
    }

    /// - Parameter error: nil: a normal end.
    func finish(_ error: MartletClientError?) {
        let readers = state.withLock { state in
            guard state.end == nil else { return [UnsafeContinuation<Element, Never>]() }
            state.end = error.map { .failure($0) } ?? .success(())
            defer { state.readers = [] }
            return state.readers.map(\.continuation)
        }
        for reader in readers { reader.resume(returning: error.map { .failure($0) } ?? .success(nil)) }
    }

    // MARK: The reader

    /// The next change; nil at the end, and when the task is cancelled.
    func next() async throws(MartletClientError) -> Change? {
        let reader = state.withLock { state in
            state.nextReader += 1
            return state.nextReader
        }
        let element = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if let element = take(reader, continuation) { continuation.resume(returning: element) }
            }
        } onCancel: {
            cancel(reader)
        }
        if Task.isCancelled { state.withLock { _ = $0.cancelled.remove(reader) } }
        return try element.get()
    }

    /// Returns nil if the reader must wait.
    private func take(_ reader: UInt64, _ continuation: UnsafeContinuation<Element, Never>) -> Element? {
        state.withLock { state in
            if state.cancelled.remove(reader) != nil { return .success(nil) }
            if let change = state.changes.first {
                state.changes.removeFirst()
                state.count -= 1
                return .success(change)
            }
            if state.hasLost {
                state.hasLost = false
                return .success(.lost)
            }
            switch state.end {
            case .success?: return .success(nil)
            case .failure(let error)?: return .failure(error)
            case nil:
                state.readers.append((reader, continuation))
                return nil
            }
        }
    }

    private func cancel(_ reader: UInt64) {
        let continuation = state.withLock { state -> UnsafeContinuation<Element, Never>? in
            guard let index = state.readers.firstIndex(where: { $0.id == reader }) else {
                // It comes before the wait, or after the answer.
                state.cancelled.insert(reader)
                return nil
            }
            return state.readers.remove(at: index).continuation
        }
        continuation?.resume(returning: .success(nil))
    }
}
