import Glibc
import Server
import Synchronization
import Testing

/// Sockets that come and go under a storm of new connections: a loop may meet an event of a socket that the same turn
/// has closed.
@Suite(.serialized) struct AddressStormTests {
    @Test(arguments: ["TCP", "Unix"])
    func addressesComeAndGoWhilePeersConnect(_ kind: String) throws {
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
            try? waitUntil("its end shows", within: .seconds(1)) { !server.process.isRunning }
            throw Failure("\(error); exit status of the server: \(server.process.exitStatus.map { "\($0)" } ?? "-")")
        }
        let (served, cut) = storm.finish()
        print("60 moves of a \(kind) address under a storm: \(served) peers served, \(cut) cut off")
        #expect(served > 0)
        #expect(cut <= served / 20, "emptied by accept before it is closed; what comes between the two is lost")
    }

    private func move(_ server: RunningServer, _ extra: [String], _ steady: Peer) throws {
        try server.folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:0"] + extra)
        #expect(try server.reload("echo") == .moved)
        #expect(try steady.ask("here") == "here")
    }
}

/// Threads that connect to an address that is there only now and then, and ask once.
private final class Storm {
    private final class State: Sendable {
        let stopped = Atomic(false)
        let served = Atomic(0)
        /// Were connected, and then got no answer.
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
