import Glibc
import Testing

/// The echo plugin in the real server, over each kind of address.
@Suite struct EchoTests {
    @Test(arguments: ["127.0.0.1:0", "[::1]:0", "*:0", "unix:SOCKET", "unix:@martlet-test-PID"])
    func returnsTheInput(over address: String) throws {
        let folder = try ServerFolder()
        let own = address.replacing("SOCKET", with: folder.path + "/echo.sock")
            .replacing("PID", with: folder.path.suffix(6))
        try folder.installEcho(on: [own])
        let server = try RunningServer(folder)
        let peer = try server.connect()
        try peer.send("a bird that never lands")
        #expect(try peer.receive(23) == Array("a bird that never lands".utf8))
    }

    @Test func answersBothFamiliesOnADualStackAddress() throws {
        let server = try RunningServer.echo(on: ["*:0"])
        let port = try server.address().port
        for address in [ServerAddress.ipv4("127.0.0.1", port: port), .ipv6("::1", port: port)] {
            let peer = try Peer(address)
            #expect(try peer.ask(address.text) == address.text)
        }
    }

    @Test func returnsEverythingAfterAHalfCloseAndThenTheEnd() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        let bytes = patternBytes(100_000)
        try peer.send(bytes)
        peer.finishSending()
        expectSame(try peer.receiveToEnd(), bytes)
    }

    @Test func returnsTenMegabytesUnchanged() throws {
        let server = try RunningServer.echo()
        let address = try server.address()
        let bytes = patternBytes(10_000_000)
        let peer = try Peer(address)
        let descriptor = peer.descriptor
        let sender = try Background {
            defer { shutdown(descriptor, Int32(SHUT_WR)) }
            try sendAll(bytes, to: descriptor)
        }
        expectSame(try peer.receiveToEnd(), bytes)
        try sender.value()
    }

    @Test func returnsInputByteByByte() throws {
        let server = try RunningServer.echo()
        let peer = try server.connect()
        for byte in patternBytes(300) {
            try peer.send([byte])
            #expect(try peer.receive(1) == [byte])
        }
    }
}
