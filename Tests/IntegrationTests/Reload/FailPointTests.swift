import Glibc
import Server
import Testing

/// A reload that fails at any of its steps leaves nothing behind, and the next one works.
@Suite(.serialized) struct FailPointTests {
    @Test(arguments: [false, true])
    func aReloadThatFailsAtAnyStepChangesNothing(partial: Bool) throws {
        let site = try ChangingSite()
        for (round, step) in ReloadStep.allCases.enumerated() {
            let peers = try site.connect()
            try site.change(round)
            let before = try Footprint.settled(of: site.server)
            let memory = try site.server.ownBytes

            try site.failPoint.set(step)
            let receipt = try site.server.reload(partial: partial)
            #expect(receipt.result == .refused, "\(step)")
            #expect(receipt.entries.contains { $0.outcome == .refused && $0.detail.contains("failed at \(step)") })
            #expect(site.failPoint.isUsed)

            try waitUntil("the footprint is the one before the reload that failed at \(step): \(before)") {
                try Footprint(of: site.server) == before
            }
            let growth = Int64(try site.server.ownBytes) - Int64(memory)
            #expect(growth < Sanitizer.bytes(8 << 20), "\(step): \(growth) bytes")
            try site.expectUnchanged(round, peers)

            let next = try site.server.reload(partial: partial)
            #expect(next.outcomes == site.expectedOutcomes(round), "after \(step)")
            try site.expectChanged(round, peers)
        }
        #expect(try site.server.stop() == 0)
    }

    /// Peers connect while the server commits and rolls back. Each of them is answered, by the old or by the new generation.
    @Test(arguments: [ReloadStep.commit, .retire])
    func peersThatConnectDuringAFailedCommitAreServed(step: ReloadStep) throws {
        let folder = try ServerFolder()
        try folder.serve(Mover("1"))
        let failPoint = FailPointFile(folder)
        let server = try RunningServer(folder, launcher: failPoint.launcher)
        let visitors = try Visitors(server.address(of: "mover"), saying: "version") { $0 == "1" || $0 == "2" }
        try folder.install(Mover("2"))
        for _ in 0..<40 {
            try failPoint.set(step)
            #expect(try server.reload().isRefused)
        }
        #expect(try visitors.finish() > 40)
        #expect(try server.mover().ask("version") == "1")
        try waitUntil("all sessions are released") {
            try server.metric("closed_total", of: "mover") + server.metric("moved_total", of: "mover")
                == server.metric("opened_total", of: "mover") + server.metric("restored_total", of: "mover")
        }
    }
}

/// Four listeners. Each round swaps one, moves one to another address, stops one and starts one.
private final class ChangingSite {
    let server: RunningServer
    let failPoint: FailPointFile
    private let host = OwnHost()
    private let folder: ServerFolder

    init() throws {
        folder = try ServerFolder()
        failPoint = FailPointFile(folder)
        try folder.serve(Mover("0"))
        try folder.installEcho(on: [host.address(Self.echoPort(-1))])
        try folder.install(Fixture.library("shout"), as: "shout.so")
        try folder.listen(Self.going(0), plugin: "shout.so", on: [host.address(Self.shoutPort(-1))])
        server = try RunningServer(folder, launcher: failPoint.launcher)
    }

    /// Two listeners take turns in starting and stopping.
    private static func going(_ round: Int) -> String { round.isMultiple(of: 2) ? "even" : "odd" }
    private static func coming(_ round: Int) -> String { going(round + 1) }
    /// Every round uses new ports.
    private static func echoPort(_ round: Int) -> Int { round + 1 }
    private static func shoutPort(_ round: Int) -> Int { round + 101 }

    struct Peers {
        let swapped: Peer
        let moved: Peer
        let stopped: Peer
    }

    /// Connects one peer to each listener that runs before a round.
    func connect() throws -> Peers {
        let names = ["mover", "echo"] + [try #require(try runningShout())]
        let peers = try names.map { try server.connect(to: $0) }
        #expect(try peers[0].ask("hello") == "hello")
        #expect(try peers[1].ask("hello") == "hello")
        #expect(try peers[2].ask("hello") == "HELLO")
        return Peers(swapped: peers[0], moved: peers[1], stopped: peers[2])
    }

    private func runningShout() throws -> String? {
        try server.status().listeners.first { $0.plugin == "shout" && $0.state == .running }?.name
    }

    func change(_ round: Int) throws {
        try folder.install(Mover("\(round + 1)"))
        try folder.listen("echo", plugin: "echo.so", on: [host.address(Self.echoPort(round))])
        try folder.remove(Self.going(round) + ".toml")
        try folder.listen(
            Self.coming(round), plugin: "shout.so", on: [host.address(Self.shoutPort(round))])
    }

    func expectedOutcomes(_ round: Int) -> [String] {
        ["echo moved"]
            + [Self.coming(round) + " started", Self.going(round) + " stopped", "mover swapped"].sorted()
    }

    func expectUnchanged(_ round: Int, _ peers: Peers) throws {
        #expect(try peers.swapped.ask("version") == "\(round)")
        #expect(try peers.moved.ask("echo") == "echo")
        #expect(try peers.stopped.ask("shout") == "SHOUT")
        #expect(try server.mover().ask("version") == "\(round)")
        #expect(host.listens(on: Self.echoPort(round - 1)) && host.listens(on: Self.shoutPort(round - 1)))
        #expect(!host.listens(on: Self.echoPort(round)) && !host.listens(on: Self.shoutPort(round)))
    }

    func expectChanged(_ round: Int, _ peers: Peers) throws {
        #expect(try peers.swapped.ask("version") == "\(round + 1)")
        #expect(try peers.moved.ask("echo") == "echo")
        #expect(try peers.stopped.ask("shout") == "SHOUT")
        #expect(host.listens(on: Self.echoPort(round)) && host.listens(on: Self.shoutPort(round)))
        #expect(!host.listens(on: Self.echoPort(round - 1)) && !host.listens(on: Self.shoutPort(round - 1)))
        for peer in [peers.swapped, peers.moved, peers.stopped] { peer.close() }
        try waitUntil("the old listener and generation are gone") {
            try server.listener(Self.going(round)) == nil && server.generations(of: "mover").count == 1
        }
    }
}
