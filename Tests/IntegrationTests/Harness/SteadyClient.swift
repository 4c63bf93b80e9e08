import Synchronization

/// A client on its own thread that keeps one connection and repeats a round on it until it is stopped.
final class SteadyClient: Sendable {
    private final class State: Sendable {
        let stopped = Atomic(false)
        let rounds = Atomic(0)
    }

    private let state = State()
    private let thread: Background<Int>

    /// - Parameter connect: opens the connection and returns a function that does one round on it.
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
    /// Whether connecting or a round has failed.
    var hasFailed: Bool { thread.isDone && !state.stopped.load(ordering: .relaxed) }

    /// Stops the client. Returns the number of rounds, or throws the error that ended them.
    func finish() throws -> Int {
        state.stopped.store(true, ordering: .relaxed)
        return try thread.value()
    }

    deinit { state.stopped.store(true, ordering: .relaxed) }
}
