import MartletClient
import Synchronization

/// Tasks that call a server all the time, each with keys of its own, and check every answer.
final class ClientLoad: Sendable {
    private final class State: Sendable {
        let isStopped = Atomic(false)
        let calls = Atomic(0)
        let failures = Mutex<[String]>([])
    }

    private let state = State()
    private let thread: Background<Void>

    /// - Parameter mayForget: the server can lose what was put: it was killed.
    init(_ client: MartletClient, tasks: Int = 16, mayForget: Bool = false) throws {
        thread = try AsyncThread.start { [state] in
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<tasks { group.addTask { await Self.call(client, task, mayForget, state) } }
            }
        }
    }

    private static func call(_ client: MartletClient, _ task: Int, _ mayForget: Bool, _ state: State) async {
        var round = 0
        while !state.isStopped.load(ordering: .relaxed) {
            round += 1
            let (key, value) = ("task \(task)", "round \(round)")
            do {
                // To put the same value twice does no harm.
                try await client.put(key, value, retry: .always)
                let found = try await client.get(key).map { String(decoding: $0, as: UTF8.self) }
                if found != value, !(mayForget && found == nil) {
                    throw Failure("\(key): expected \(value), found \(found ?? "nothing")")
                }
                state.calls.wrappingAdd(2, ordering: .relaxed)
            } catch {
                state.failures.withLock { $0.append("\(error)") }
            }
        }
    }

    /// Calls that have been answered.
    var calls: Int { state.calls.load(ordering: .relaxed) }
    var failures: [String] { state.failures.withLock { $0 } }

    /// Returns what went wrong.
    func finish() throws -> [String] {
        state.isStopped.store(true, ordering: .relaxed)
        try thread.value()
        return failures
    }

    deinit { state.isStopped.store(true, ordering: .relaxed) }
}
