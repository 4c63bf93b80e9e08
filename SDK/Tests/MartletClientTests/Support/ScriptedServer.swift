import Glibc
import Synchronization

@testable import MartletClient

/// A server whose connections do what a test says, each on a thread of its own.
final class ScriptedServer: Sendable {
    let address: String
    private let state: State

    private final class State: Sendable {
        let listening: Int32
        let serve: @Sendable (Peer) -> Void
        let accepted = Atomic(0)
        let open = Mutex<[Int32]>([])
        let largestOpen = Atomic(0)
        let hasEnded = Atomic(false)

        init(_ listening: Int32, _ serve: @escaping @Sendable (Peer) -> Void) {
            (self.listening, self.serve) = (listening, serve)
        }

        /// Neither the server nor its thread needs it any more. Closed earlier, its number could be that of another test's socket.
        deinit { close(listening) }
    }

    /// - Parameter serve: gets each connection, and its number from 0. The connection is closed when it returns.
    init(
        _ family: ListeningSocket.Family = .ipv4, port: UInt16 = 0, serve: @escaping @Sendable (Peer) -> Void
    ) throws {
        let listening = try ListeningSocket(family, port: port)
        address = listening.address
        let state = State(listening.descriptor, serve)
        self.state = state
        try DetachedThread.start("test-server") { Self.accept(state) }
    }

    var port: UInt16 { UInt16(address.split(separator: ":").last!)! }
    /// Connections so far.
    var accepted: Int { state.accepted.load(ordering: .acquiring) }
    var open: Int { state.open.withLock { $0.count } }
    /// The most connections that were open at the same time.
    var largestOpen: Int { state.largestOpen.load(ordering: .acquiring) }

    private static func accept(_ state: State) {
        while true {
            let descriptor = accept4(state.listening)
            guard descriptor >= 0, !state.hasEnded.load(ordering: .acquiring) else { break }
            let number = state.accepted.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
            let open = state.open.withLock { open in
                open.append(descriptor)
                return open.count
            }
            state.largestOpen.max(open, ordering: .acquiringAndReleasing)
            try? DetachedThread.start("test-peer") {
                state.serve(Peer(descriptor: descriptor, number: number))
                state.open.withLock { $0.removeAll { $0 == descriptor } }
                close(descriptor)
            }
        }
    }

    private static func accept4(_ listening: Int32) -> Int32 {
        let descriptor = Glibc.accept(listening, nil, nil)
        if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
    }

    /// Resets all connections, and refuses new ones from now on.
    func kill() {
        stopAccepting()
        resetAll()
    }

    /// Resets the connections that are open.
    func resetAll() {
        state.open.withLock { open in
            for descriptor in open {
                Peer(descriptor: descriptor, number: 0).lingerNot()
                shutdown(descriptor, Int32(SHUT_RDWR))
            }
        }
    }

    func stopAccepting() {
        state.hasEnded.store(true, ordering: .releasing)
        shutdown(state.listening, Int32(SHUT_RDWR))
    }

    deinit { kill() }
}
