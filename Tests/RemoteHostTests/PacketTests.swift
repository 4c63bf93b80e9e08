import Testing

@testable import RemoteHost

@Suite struct PacketTests {
    @Test func arrivesAsItWasSent() throws {
        let packet = Packet(.call, 0x0102_0304_0506_0708, name: Cut.name, Cut(instance: 7))
        let arrived = try #require(Packet(packet.bytes))
        #expect(arrived.kind == .call && arrived.number == 0x0102_0304_0506_0708 && arrived.name == "Cut")
        #expect(arrived.value(Cut.self)?.instance == 7)
        #expect(arrived.value(MoveState.self) == nil, "another call")
    }

    @Test func whatIsNoPacketIsRefused() {
        let bytes = Packet(.event, 0, HostEvent.stuck).bytes
        #expect(Packet([]) == nil)
        #expect(Packet(Array(bytes.prefix(9))) == nil)
        #expect(Packet([9] + bytes.dropFirst()) == nil, "an unknown kind")
        #expect(
            Packet(Array(bytes.prefix(9)) + [255] + bytes.dropFirst(10).prefix(20)) == nil,
            "a name that is not all there")
    }

    @Test func everyNumberOfALoopIsAKey() throws {
        let packet = Packet(.answer, 1, [3: "does not turn"])
        #expect(try #require(Packet(packet.bytes)?.value([Int: String].self)) == [3: "does not turn"])
    }
}
