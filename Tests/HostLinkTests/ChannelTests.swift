import CLinux
import Glibc
import TestInput
import Testing
import Threads

@testable import HostLink

/// Messages between two processes of a server. Both ends are in this one.
@Suite struct ChannelTests {
    private static func soon() -> Deadline { .after(milliseconds: 10_000) }

    @Test(arguments: [0, 1, 1_000, Channel.packetLimit - 16, Channel.packetLimit - 15, 1 << 20, (8 << 20) + 3])
    func bytesArrive(count: Int) throws {
        let (one, other) = try Channel.pair()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try one.send(Channel.Message(bytes), by: Self.soon())
        try one.send(Channel.Message([7]), by: Self.soon())
        #expect(try other.receive(by: Self.soon()).bytes == bytes)
        #expect(try other.receive(by: Self.soon()).bytes == [7])
    }

    @Test(arguments: [0, Channel.packetLimit]) func descriptorsArrive(bytes: Int) throws {
        let (one, other) = try Channel.pair()
        let pipe = try Pipe()
        let many = (0..<Channel.descriptorLimit).map { _ in dup(pipe.writing) }
        try one.send(Channel.Message([UInt8](repeating: 1, count: bytes), descriptors: many), by: Self.soon())
        for descriptor in many { close(descriptor) }
        let found = try other.receive(by: Self.soon())
        #expect(found.bytes.count == bytes && found.descriptors.count == many.count)
        for descriptor in found.descriptors {
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
            #expect(write(descriptor, "x", 1) == 1)
            close(descriptor)
        }
        #expect(pipe.readAll().count == many.count)
    }

    @Test func whatIsTooLargeIsNotSent() throws {
        let (one, other) = try Channel.pair()
        let descriptors = [Int32](repeating: 0, count: Channel.descriptorLimit + 1)
        #expect(throws: ChannelProblem.self) {
            try one.send(Channel.Message([], descriptors: descriptors), by: Self.soon())
        }
        #expect(throws: ChannelProblem.self) {
            try one.send(Channel.Message([UInt8](repeating: 0, count: Channel.byteLimit + 1)), by: Self.soon())
        }
        try one.send(Channel.Message([1]), by: Self.soon())
        #expect(try other.receive(by: Self.soon()).bytes == [1])
    }

    @Test func theEndOfTheOtherProcessIsNoticed() throws {
        let (one, other) = try Channel.pair()
        try one.send(Channel.Message([1]), by: Self.soon())
        one.shutDown()
        #expect(try other.receive(by: Self.soon()).bytes == [1], "what was sent before arrives")
        #expect(problem { _ = try other.receive(by: Self.soon()) } == "the other process has closed the channel")
        #expect(
            problem { try other.send(Channel.Message([1]), by: Self.soon()) }
                == "the other process has closed the channel")
    }

    /// The other process may hang: what is sent to it and what is expected of it have a deadline.
    @Test func aProcessThatDoesNothingHoldsNobodyUp() throws {
        let (one, other) = try Channel.pair()
        #expect(problem { _ = try other.receive(by: .after(milliseconds: 20)) } == "the other process does not answer")
        var sent = 0
        let found = problem {
            while sent < 100_000 {
                try one.send(
                    Channel.Message([UInt8](repeating: UInt8(sent & 255), count: 1_000)), by: .after(milliseconds: 20))
                sent += 1
            }
        }
        #expect(found == "the other process does not answer")
        for number in 0..<sent { #expect(try other.receive(by: Self.soon()).bytes.first == UInt8(number & 255)) }
        try one.send(Channel.Message([9]), by: Self.soon())
        #expect(try other.receive(by: Self.soon()).bytes == [9])
    }

    // MARK: What no channel sends

    @Test func abrokenPacketIsRefusedAndItsDescriptorsAreClosed() throws {
        let good = PacketHeader(count: 3, isInFile: false).bytes
        let cases: [([UInt8], String)] = [
            ([1], "a packet without a valid header"), (Array(good.dropLast()), "a packet without a valid header"),
            ([0] + good.dropFirst(), "a packet without a valid header"),
            (Array(good[..<7]) + [2] + good[8...] + [1, 2, 3], "a packet without a valid header"),
            (Array(good[..<8]) + [UInt8](repeating: 255, count: 8), "a packet without a valid header"),
            (good + [1, 2], "2 bytes, announced were 3"), (good + [1, 2, 3, 4], "4 bytes, announced were 3"),
            (PacketHeader(count: 3, isInFile: true).bytes, "a message in a file that can still change"),
        ]
        for (packet, reason) in cases {
            let (raw, channel) = try rawPair()
            defer { close(raw) }
            let pipe = try Pipe()
            #expect(send(packet, [pipe.writing], to: raw) == packet.count)
            pipe.closeWriting()
            #expect(problem { _ = try channel.receive(by: Self.soon()) } == "the other process has sent \(reason)")
            #expect(pipe.hasEnded, "a descriptor is still open after: \(reason)")
        }
        let (raw, channel) = try rawPair()
        defer { close(raw) }
        #expect(send(PacketHeader(count: 3, isInFile: true).bytes, [], to: raw) == 16)
        #expect(
            problem { _ = try channel.receive(by: Self.soon()) }
                == "the other process has sent a message in a file without the file")
        let file = linux_memory_file("test")
        defer { close(file) }
        #expect(write(file, "four", 4) == 4 && linux_seal(file, 1) == 0)
        #expect(send(PacketHeader(count: 3, isInFile: true).bytes, [file], to: raw) == 16)
        #expect(
            problem { _ = try channel.receive(by: Self.soon()) }
                == "the other process has sent 4 bytes in a file, announced were 3")
        #expect(send([UInt8](repeating: 0, count: Channel.packetLimit + 1), [], to: raw) == Channel.packetLimit + 1)
        #expect(
            problem { _ = try channel.receive(by: Self.soon()) }
                == "the other process has sent a packet that is larger than any message has")
    }

    @Test(arguments: 0..<20) func randomPacketsHurtNobody(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let (raw, channel) = try rawPair()
        for _ in 0..<200 {
            var packet = PacketHeader(
                count: Int.random(in: 0...64, using: &random), isInFile: Bool.random(using: &random)
            ).bytes
            packet += (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                packet[Int.random(in: 0..<packet.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            #expect(send(packet, Bool.random(using: &random) ? [raw] : [], to: raw) == packet.count)
            do throws(ChannelProblem) {
                let message = try channel.receive(by: Self.soon())
                #expect(message.bytes.count == packet.count - PacketHeader.size)
                for descriptor in message.descriptors { close(descriptor) }
            } catch {
                guard case .broken = error else { throw error }
            }
        }
        close(raw)
        #expect(problem { _ = try channel.receive(by: Self.soon()) } == "the other process has closed the channel")
    }
}

private func rawPair() throws -> (Int32, Channel) {
    var ends: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
    return (ends[0], Channel(socket: ends[1]))
}

private func send(_ packet: [UInt8], _ descriptors: [Int32], to socket: Int32) -> Int {
    linux_send_descriptors(socket, packet, packet.count, descriptors, Int32(descriptors.count))
}

private func problem(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
}

private final class Pipe {
    let reading: Int32
    private(set) var writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        #expect(linux_pipe(&ends) == 0)
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        closeWriting()
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    /// Nobody can write to it any more.
    var hasEnded: Bool {
        var entry = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLHUP) != 0
    }

    func readAll() -> [UInt8] {
        closeWriting()
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(reading, &bytes, bytes.count)
        return Array(bytes.prefix(max(count, 0)))
    }
}
