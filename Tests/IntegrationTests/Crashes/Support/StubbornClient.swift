import Glibc
import Synchronization

/// A client on its own thread that repeats a round on a connection. When the connection is lost, it makes another one; a wrong answer ends it.
final class StubbornClient: Sendable {
    struct WrongAnswer: Error, CustomStringConvertible {
        let description: String
    }

    private final class State: Sendable {
        let stopped = Atomic(false)
        let rounds = Atomic(0)
        let losses = Atomic(0)
    }

    let name: String
    private let state = State()
    private let thread: Background<Bool>

    /// - Parameter connect: opens a connection and returns a function that does one round on it.
    init(_ name: String, _ connect: @escaping @Sendable () throws -> () throws -> Void) throws {
        self.name = name
        thread = try Background { [state] in
            while !state.stopped.load(ordering: .relaxed) {
                do {
                    let round = try connect()
                    while !state.stopped.load(ordering: .relaxed) {
                        try round()
                        state.rounds.wrappingAdd(1, ordering: .relaxed)
                    }
                } catch let error as WrongAnswer {
                    throw error
                } catch {
                    state.losses.wrappingAdd(1, ordering: .relaxed)
                }
            }
            return true
        }
    }

    /// So far.
    var rounds: Int { state.rounds.load(ordering: .relaxed) }
    var losses: Int { state.losses.load(ordering: .relaxed) }
    var hasFailed: Bool { thread.isDone && !state.stopped.load(ordering: .relaxed) }

    /// Stops it. Throws if an answer was wrong.
    func finish() throws {
        state.stopped.store(true, ordering: .relaxed)
        _ = try thread.value()
    }

    deinit { state.stopped.store(true, ordering: .relaxed) }

    /// A round that sends a line and expects one.
    static func expect(_ found: String, _ expected: String) throws {
        guard found == expected else { throw WrongAnswer(description: "expected \(expected), found \(found)") }
    }
}
