import Testing

/// A peer that sends but does not read must wait. It neither delays other peers nor fills the server's memory.
@Suite(.serialized) struct BackpressureTests {
    @Test func aSenderThatDoesNotReadIsBlockedAndLosesNothing() throws {
        let server = try RunningServer.echo()
        let address = try server.address()
        let before = try server.ownBytes
        let peer = try Peer(address, receiveBuffer: 64 << 10)
        let chunk = patternBytes(1_000_003)
        let sent = try peer.sendUntilBlocked(chunk, limit: 256 << 20)
        #expect(sent < 64 << 20, "expected the sender to be blocked long before")
        let during = try server.ownBytes
        print("blocked after \(mebibytes(UInt64(sent))), resident \(mebibytes(before)) -> \(mebibytes(during))")
        #expect(during < before + 8 << 20)

        let other = try Peer(address)
        #expect(try other.ask("others are served") == "others are served")

        peer.finishSending()
        let received = try peer.receiveToEnd()
        #expect(received.count == sent)
        #expect(firstDifference(received, repeating: chunk) == nil)
    }

    private func firstDifference(_ bytes: [UInt8], repeating chunk: [UInt8]) -> Int? {
        bytes.indices.first { bytes[$0] != chunk[$0 % chunk.count] }
    }

    @Test func fortySendersThatDoNotReadCostBoundedMemory() throws {
        let server = try RunningServer.echo()
        let address = try server.address()
        let before = try server.ownBytes
        let chunk = patternBytes(1 << 20)
        var peers: [Peer] = []
        for _ in 0..<40 {
            let peer = try Peer(address, receiveBuffer: 4 << 10)
            _ = try peer.sendUntilBlocked(chunk, quiet: 20, limit: 64 << 20)
            peers.append(peer)
        }
        let during = try server.ownBytes
        let each = (during - min(before, during)) / 40
        print("40 senders that do not read cost \(each) resident bytes each")
        #expect(each < Sanitizer.bytes(640 << 10), "the high-water mark is 256 KiB, one read may exceed it by 64 KiB")
        for peer in peers { peer.reset() }
        try waitUntil("all peers are gone") { try server.openConnections == 0 }
        #expect(try server.connect().ask("well") == "well")
    }

    @Test func aPausingPluginHoldsItsPeerBack() throws {
        let folder = try ServerFolder()
        try folder.installFixture("pauses-for-ever")
        let server = try RunningServer(folder)
        let before = try server.status()
        let peer = try server.connect(to: "pauses-for-ever")
        try peer.send("x")
        #expect(try peer.receive(6) == Array("paused".utf8))
        let sent = try peer.sendUntilBlocked(patternBytes(1 << 20), quiet: 200, limit: 256 << 20)
        #expect(sent < 64 << 20)
        #expect(try server.status().totals.bytesReceived <= before.totals.bytesReceived + 1)
    }
}
