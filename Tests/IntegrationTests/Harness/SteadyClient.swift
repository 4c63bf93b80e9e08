import Synchronization

/// A client on a thread of its own that keeps its connection and goes round until it is stopped.
final class SteadyClient: Sendable {
    private final class State: Sendable {
        let stopped = Atomic(false)
        let rounds = Atomic(0)
    }

    private let state = State()
    private let thread: Background<Int>

    /// - Parameter connect: opens the connection, and returns what one round does on it.
    init(_ connect: @escaping @Sendable () throws -> () throws -> Void) throws {
        thread = try Background { [state] in
            let round = try connect()
            while !state.stopped.load(ordering: .relaxed) {
                try round()
                state.rounds.wrappingAdd(1, ordering: .relaxed)
            }
            return state.rounds.load(ordering: .relaxed)
        }
    }

    /// Rounds so far.
    var rounds: Int { state.rounds.load(ordering: .relaxed) }
    /// It has met something that it should not.
    var hasFailed: Bool { thread.isDone && !state.stopped.load(ordering: .relaxed) }

    /// Returns the number of rounds, or throws what went wrong on the way.
    func finish() throws -> Int {
        state.stopped.store(true, ordering: .relaxed)
        return try thread.value()
    }

    deinit { state.stopped.store(true, ordering: .relaxed) }
}
