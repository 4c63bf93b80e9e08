import Glibc
import Server
import Synchronization
import Testing

/// Listening sockets are opened and closed during a storm of new connections. A loop may find an event of a socket that it has closed
/// earlier in the same turn.
@Suite(.serialized) struct AddressStormTests {
    @Test(arguments: ["TCP", "Unix"])
    func addressesMoveWhilePeersConnect(_ kind: String) throws {
        let server = try RunningServer.echo()
        let steady = try server.connect()
        let passing: ServerAddress =
            kind == "TCP"
            ? .ipv4("127.0.0.1", port: try freePort()) : .unix(path: server.folder.path + "/passing.sock")
        let storm = try Storm(on: passing, threads: 2)
        do {
            for round in 0..<60 { try move(server, round % 2 == 0 ? [passing.text] : [], steady) }
        } catch {
            _ = storm.finish()
            try? waitUntil("the server has exited", within: .seconds(1)) { !server.process.isRunning }
            throw Failure("\(error); exit status of the server: \(server.process.exitStatus.map { "\($0)" } ?? "-")")
        }
        let (served, cut) = storm.finish()
        print("60 moves of a \(kind) address under a storm: \(served) peers served, \(cut) cut off")
        #expect(served > 0)
        #expect(cut <= served / 20, "expected only peers that arrive between the last accept and the close to be lost")
    }

    private func move(_ server: RunningServer, _ extra: [String], _ steady: Peer) throws {
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:0"] + extra)
        #expect(try server.reload("echo") == .moved)
        #expect(try steady.ask("here") == "here")
    }
}

/// Threads that connect to an address that exists only part of the time, and ask once.
private final class Storm {
    private final class State: Sendable {
        let stopped = Atomic(false)
        let served = Atomic(0)
        /// Peers that connected but got no answer.
        let cut = Atomic(0)
    }

    private let state = State()
    private var threads: [Background<Void>] = []

    init(on address: ServerAddress, threads count: Int) throws {
        for _ in 0..<count {
            threads.append(
                try Background { [state] in
                    while !state.stopped.load(ordering: .relaxed) {
                        guard let peer = try? Peer(address) else { continue }
                        let isServed = (try? peer.ask("hi")) == "hi"
                        if isServed {
                            state.served.wrappingAdd(1, ordering: .relaxed)
                        } else {
                            state.cut.wrappingAdd(1, ordering: .relaxed)
                        }
                    }
                })
        }
    }

    func finish() -> (served: Int, cut: Int) {
        state.stopped.store(true, ordering: .relaxed)
        for thread in threads { try? thread.value() }
        return (state.served.load(ordering: .relaxed), state.cut.load(ordering: .relaxed))
    }
}
