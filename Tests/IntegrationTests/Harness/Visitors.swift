import Synchronization

/// Connects, asks once and leaves, again and again: whoever comes during a swap is served too.
final class Visitors: Sendable {
    private final class State: Sendable {
        let stopped = Atomic(false)
        let visits = Atomic(0)
    }

    private let state = State()
    private let thread: Background<Int>

    /// - Parameter saying: what each of them asks; nil: another word each, which is to come back.
    /// - Parameter isRight: whether an answer is one that they may get.
    init(
        _ address: ServerAddress, saying: String? = nil, _ isRight: @escaping @Sendable (String) -> Bool = { _ in true }
    ) throws {
        thread = try Background { [state] in
            while !state.stopped.load(ordering: .relaxed) {
                let peer = try Peer(address)
                let visits = state.visits.load(ordering: .relaxed)
                let word = saying ?? "visit \(visits)"
                let answer = try peer.ask(word)
                guard isRight(answer), saying != nil || answer == word else {
                    throw Failure("visit \(visits) said \(word) and was answered \(answer)")
                }
                state.visits.store(visits + 1, ordering: .relaxed)
            }
            return state.visits.load(ordering: .relaxed)
        }
    }

    /// Visits so far.
    var count: Int { state.visits.load(ordering: .relaxed) }

    /// Throws what went wrong on the way.
    func finish() throws -> Int {
        state.stopped.store(true, ordering: .relaxed)
        return try thread.value()
    }

    deinit { state.stopped.store(true, ordering: .relaxed) }
}
