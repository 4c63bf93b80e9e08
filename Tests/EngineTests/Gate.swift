import Threads

/// Holds threads up until it is open.
final class Gate: Sendable {
    private let reply = Reply<Bool>()
    func open() { reply.set(true) }
    func wait() { _ = reply.wait() }
}
