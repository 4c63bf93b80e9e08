import MartletKitTesting
import Testing

@testable import BinaryPlugin
@testable import BinaryWire

/// No input from a peer makes the plugin trap or break a rule of the host. The seed is the argument of the test: the log
/// names the seed of a failed test.
@Suite struct RandomInputTests {
    @Test(arguments: UInt64(1)...60, stores)
    func survivesRandomBytes(seed: UInt64, store: String) throws {
        var generator = SeededGenerator(seed: seed)
        let host = try SimulatedHost(Binary.self, options: ["store": .text(store)])
        for greets in [true, false] {
            let client = Client(host, greets: greets)
            // Sometimes after a valid magic, so that not all input is refused at the first byte.
            let magic: [UInt8] = Bool.random(using: &generator) ? [0xBD, 0x4D, 0x42, 0x0A] : []
            client.connection.send(
                magic + generator.bytes(count: Int.random(in: 0...400, using: &generator)), split: .random(seed: seed))
            client.connection.finishSending()
        }
        #expect(host.shutDown() == [], "seed \(seed)")
    }

    @Test(arguments: UInt64(1)...60, stores)
    func survivesMutatedStreams(seed: UInt64, store: String) throws {
        var generator = SeededGenerator(seed: seed)
        let host = try SimulatedHost(
            Binary.self, options: ["store": .text(store), "scan_bytes": 4_096, "max_store_bytes": "16KiB"],
            limits: HostLimits(outputHighWater: 2_048, outputLowWater: 512))
        let client = Client(host, maximumPayload: 4_096, readsAtOnce: Bool.random(using: &generator))
        for _ in 0..<40 {
            client.connection.send(frame(&generator), split: .random(seed: seed, largest: 200))
            if Bool.random(using: &generator) {
                client.connection.read(upTo: Int.random(in: 1...3_000, using: &generator))
            }
            if Int.random(in: 0..<20, using: &generator) == 0 { host.advance(by: .seconds(20)) }
        }
        if Bool.random(using: &generator) { host.drain() }
        client.connection.finishSending()
        client.connection.read()
        #expect(host.shutDown() == [], "seed \(seed)")
        #expect(host.metric("store_keys") == 0)
    }

    /// A frame with valid checks and mostly valid fields, sometimes damaged afterwards.
    private func frame(_ generator: inout SeededGenerator) -> [UInt8] {
        let opcodes: [UInt8] = [
            0x02, 0x10, 0x20, 0x21, 0x21, 0x21, 0x22, 0x23, 0x23, 0x01, 0x7F, 0x24, 0x25, 0x25, 0x26, 0x26, 0x27, 0x28,
        ]
        var frame = RawFrame(opcode: opcodes.randomElement(using: &generator)!, requestID: generator.chance(30) ? 0 : 5)
        switch frame.opcode {
        case 0x21:
            let key = generator.key()
            frame.payload =
                littleEndian(UInt16(key.count)) + [0, 0] + key
                + generator.bytes(count: Int.random(in: 0...2_000, using: &generator))
        case 0x23:
            let (prefix, cursor) = (generator.key(), generator.key())
            frame.payload = littleEndian(UInt32.random(in: 0...30, using: &generator))
            frame.payload += littleEndian(UInt16(prefix.count)) + littleEndian(UInt16(cursor.count)) + prefix + cursor
        case 0x25: frame.payload = generator.write()
        case 0x26:
            let count = Int.random(in: 0...20, using: &generator)
            frame.payload = littleEndian(UInt32(count)) + littleEndian(UInt32(0))
            for _ in 0..<count { frame.payload += generator.write() }
        case 0x27:
            let (key, kind) = (generator.key(), UInt16.random(in: 0...1, using: &generator))
            frame.payload = littleEndian(UInt32(0)) + littleEndian(kind) + littleEndian(UInt16(key.count)) + key
        case 0x28: frame.payload = littleEndian(UInt32.random(in: 0...5, using: &generator)) + littleEndian(UInt32(0))
        default: frame.payload = generator.key()
        }
        if generator.chance(20), !frame.payload.isEmpty { frame.payload.removeLast() }
        var bytes = frame.bytes
        if generator.chance(60) {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        }
        return bytes
    }
}

extension SeededGenerator {
    /// True once in `count` times, on average.
    fileprivate mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    /// The payload of a write, mostly of one that is possible.
    fileprivate mutating func write() -> [UInt8] {
        let (key, isPut) = (key(), chance(2))
        let value = isPut ? bytes(count: Int.random(in: 0...300, using: &self)) : []
        let condition = UInt8.random(in: 0...(chance(10) ? 4 : 2), using: &self)
        let timeToLive = isPut && chance(3) ? UInt64.random(in: 1...50_000, using: &self) : 0
        return [isPut ? 1 : 2, condition] + littleEndian(UInt16(key.count)) + littleEndian(UInt32(value.count))
            + littleEndian(condition == 3 ? 1 : UInt64(0)) + littleEndian(timeToLive) + key + value
    }

    /// A key from a small set, so that keys repeat.
    fileprivate mutating func key() -> [UInt8] {
        (0..<Int.random(in: 0...3, using: &self)).map { _ in UInt8.random(in: 97...99, using: &self) }
    }
}
