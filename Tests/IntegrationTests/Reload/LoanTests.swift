import Glibc
import Server
import Testing

/// A generation that has lent memory as output stays until the last byte of it is sent. Its sessions can move before that.
@Suite struct LoanTests {
    private let size = 9_000_000

    /// A peer with a small receive buffer that sends this line. The plugin is in C and unloadable, so its image is unmapped with its last
    /// instance.
    private func slowPeer(_ server: RunningServer, _ line: String) throws -> Peer {
        let peer = try Peer(server.address(of: "mover"), receiveBuffer: 16_384)
        try peer.send(line + "\n")
        return peer
    }

    @Test func aSessionMovesAndItsLoanStays() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try slowPeer(server, "lend \(size)\nversion")
        #expect(try peer.receive(1) == [0])
        #expect(try server.swap(to: Mover("2")).counts == [1, 0, 0])
        let lender = try #require(try server.generation(1, of: "mover"))
        #expect(lender.connections == 0)
        #expect(lender.reason == "has lent output that is not sent yet")
        #expect(try server.metric("released_total", of: "mover") == 0)
        let rest = try peer.receive(size - 1)
        #expect(rest.enumerated().allSatisfy { $0.element == UInt8(($0.offset + 1) % 251) })
        #expect(try peer.receiveLine() == "1", "expected the answer from before the move")
        try waitUntil("the lender ends") { try server.generations(of: "mover") == [2] }
        #expect(try server.metric("released_total", of: "mover") == 1)
        #expect(try peer.ask("version") == "2")
    }

    @Test func aLoanSurvivesSeveralSwaps() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try slowPeer(server, "lend \(size)")
        #expect(try peer.receive(1) == [0])
        for version in 2...5 {
            #expect(try server.swap(to: Mover("\(version)")).counts == [1, 0, 0])
        }
        try waitUntil("the generations without loans end") { try server.generations(of: "mover") == [1, 5] }
        _ = try peer.receive(size - 1)
        try waitUntil("the lender ends") { try server.generations(of: "mover") == [5] }
        #expect(try peer.ask("version") == "5")
    }

    @Test func aPeersResetReleasesTheLoan() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try slowPeer(server, "lend \(size)")
        #expect(try peer.receive(1) == [0])
        #expect(try server.swap(to: Mover("2")).counts == [1, 0, 0])
        peer.reset()
        try waitUntil("the lender ends") { try server.generations(of: "mover") == [2] }
        #expect(try server.metric("released_total", of: "mover") == 1)
        #expect(try server.mover().ask("version") == "2")
    }

    /// Constant memory of the image needs no release function, but it needs the image.
    @Test func constantMemoryKeepsItsImage() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try slowPeer(server, "constant")
        #expect(try peer.receive(3) == [1, 2, 3])
        #expect(try server.swap(to: Mover("2")).counts == [1, 0, 0])
        #expect(try server.generation(1, of: "mover") != nil)
        #expect(try peer.receive((4 << 20) - 3).allSatisfy { $0 == 0 })
        try waitUntil("the lender ends") { try server.generations(of: "mover") == [2] }
    }

    @Test func aLoanDoesNotBlockTheShutdown() throws {
        let server = try RunningServer.mover(Mover("1"))
        let peer = try slowPeer(server, "lend \(size)")
        #expect(try peer.receive(1) == [0])
        #expect(try server.swap(to: Mover("2")).counts == [1, 0, 0])
        try server.folder.configure("shutdown_timeout = \"300ms\"")
        try server.reload()
        #expect(try server.stop() == 1, "expected the peer to be cut")
    }

    /// A job of the refused instance still runs code of its image.
    @Test func aRefusedInstanceStaysUntilItsJobIsDone() throws {
        let server = try RunningServer.echo()
        try server.folder.installFixture("refuses-with-work", "exercise = false")
        #expect(try server.reload("refuses-with-work") == .refused)
        try waitUntil("its job runs") { try server.status().workers.running == 1 }
        let gate = server.folder.file("gate")
        try Files.replace(gate, with: [])
        try waitUntil("its completion has run") { Files.exists(gate + "-done") }
        #expect(try server.connect().ask("well") == "well")
        #expect(try server.stop() == 0)
    }
}
