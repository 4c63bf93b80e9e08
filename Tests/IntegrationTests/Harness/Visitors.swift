import Synchronization

/// Connects, asks once and disconnects, again and again, to check that clients that arrive during a swap are served too.
final class Visitors: Sendable {
    private final class State: Sendable {
        let stopped = Atomic(false)
        let visits = Atomic(0)
    }

    private let state = State()
    private let thread: Background<Int>

    /// - Parameter saying: the word that every visit sends; nil: each visit sends a different word and expects it back.
    /// - Parameter isRight: whether an answer is acceptable.
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
                    throw Failure("visit \(visits): unexpected answer to \(word): \(answer)")
                }
                state.visits.store(visits + 1, ordering: .relaxed)
            }
            return state.visits.load(ordering: .relaxed)
        }
    }

    /// Visits so far.
    var count: Int { state.visits.load(ordering: .relaxed) }

    /// Stops the visits. Returns their number, or throws the error that ended them.
    func finish() throws -> Int {
        state.stopped.store(true, ordering: .relaxed)
        return try thread.value()
    }

    deinit { state.stopped.store(true, ordering: .relaxed) }
}
