import Glibc
import Server
import Synchronization
import Testing

/// Posts and completions for sessions that have moved since, or have not moved yet. The session moves to the generation of the callback
/// and moves back afterwards.
@Suite struct DeliveryTests {
    @Test func aCompletionReachesItsSessionInTheNextGeneration() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        try peer.send("after\n")
        try waitUntil("the worker runs the job") { try server.status().workers.running == 1 }
        #expect(try server.swap(to: Mover("2")).counts == [1, 0, 0])
        #expect(try peer.ask("version") == "2")
        try Files.replace(server.folder.gate, with: [])
        #expect(try peer.receiveLine() == "worked by 1")
        #expect(try peer.ask("version") == "2", "expected it to have moved back")
        #expect(try peer.ask("history").hasPrefix("lines 5 moves 3 "))
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
        #expect(try server.listener("mover")?.counts.lostDeliveries == 0)
        #expect(try server.openConnections == 1)
    }

    /// The session cannot move back, because the old code cannot read the new state.
    @Test func aSessionThatCannotMoveBackIsNotTouchedByTheOldCode() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try server.mover()
        try peer.send("after\n")
        try waitUntil("the worker runs the job") { try server.status().workers.running == 1 }
        let newer = Mover("2", ["STATE_VERSION": "2", "OLDEST": "1"])
        #expect(try server.swap(to: newer).counts == [1, 0, 0])
        try Files.replace(server.folder.gate, with: [])
        try waitUntil("the lost delivery is counted") { try server.listener("mover")?.counts.lostDeliveries == 1 }
        #expect(try peer.ask("version") == "2")
        try waitUntil("the old generation ends") { try server.generations(of: "mover") == [2] }
    }

    /// Sessions on all loops send each other messages while they move. No message is lost or altered, whichever generations the two
    /// sessions belong to.
    @Test func noMessageIsLostOverReloads() throws {
        let folder = try ServerFolder(process: "loops = 2")
        func install(_ version: Int) throws {
            try folder.install(Fixture.library("relay", defines: ["VERSION": "\"\(version)\""]), as: "relay.so")
        }
        try install(1)
        try folder.listen("relay", plugin: "relay.so")
        let server = try RunningServer(folder)
        let address = try server.address(of: "relay")
        let peers = try (0..<8).map { _ in try Peer(address) }
        let numbers = try peers.map { try $0.receiveLine() }
        // Each client waits for a message from its neighbour, so all of them must make the same number of rounds.
        let (limit, finished) = (Counted(.max), Counted(0))
        let clients = try peers.enumerated().map { index, peer in
            nonisolated(unsafe) let peer = peer
            let target = numbers[(index + 1) % numbers.count]
            return try SteadyClient {
                var count = 0
                return {
                    guard count < limit.value else { return observe(for: .milliseconds(1)) }
                    count += 1
                    try peer.send("\(target) \(count)\n")
                    let text = try peer.receiveLine()
                    guard text == " \(count)" else { throw Failure("expected message \(count), found \(text)") }
                    if count == limit.value { finished.add(1) }
                }
            }
        }
        func check() throws {
            if let failed = clients.first(where: \.hasFailed) { _ = try failed.finish() }
        }
        for version in 2...8 {
            let before = clients.map(\.rounds)
            try install(version)
            #expect(try server.reload("relay") == .swapped)
            try waitUntil("every client has continued") {
                try check()
                return zip(clients, before).allSatisfy { $0.rounds > $1 + 100 }
            }
        }
        limit.set((clients.map(\.rounds).max() ?? 0) + 1_000)
        try waitUntil("the last messages have arrived") {
            try check()
            return finished.value == clients.count
        }
        for client in clients { #expect(try client.finish() > 700) }
        print("relay: \(limit.value * clients.count) messages between sessions over 7 reloads")
        #expect(try server.metric("lost_total", of: "relay") == 0)
        #expect(try server.listener("relay")?.counts.lostDeliveries == 0)
    }

    /// `loop_queue` limits the posts that wait.
    @Test func aPluginThatPostsTooMuchGetsBusy() throws {
        let folder = try ServerFolder(process: "loop_queue = 16")
        try folder.serve(Mover("1"))
        let server = try RunningServer(folder)
        let peer = try server.mover()
        #expect(try peer.ask("posts 100") == "taken 16 busy 84")
        try waitUntil("the posts have run") { try server.status().loops.allSatisfy { $0.deliveries == 0 } }
        #expect(try peer.ask("posts 10") == "taken 10 busy 0")
        #expect(try server.listener("mover")?.counts.open == 1)
    }
}

/// A number shared by threads.
private final class Counted: Sendable {
    private let number: Atomic<Int>
    init(_ number: Int) { self.number = Atomic(number) }
    var value: Int { number.load(ordering: .relaxed) }
    func set(_ value: Int) { number.store(value, ordering: .relaxed) }
    func add(_ amount: Int) { number.wrappingAdd(amount, ordering: .relaxed) }
}
