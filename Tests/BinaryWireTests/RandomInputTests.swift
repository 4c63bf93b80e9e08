import TestInput
import Testing

@testable import BinaryWire

/// The codec answers any input of a peer and never traps. Serialized, so that a trap can name its seed.
@Suite(.serialized) struct RandomInputTests {
    init() { SeedReport.install() }

    @Test func survivesRandomBytes() {
        for seed in 0..<500 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let bytes = generator.bytes(count: Int.random(in: 0...300, using: &generator))
            run(bytes, seed: seed)
            // After a valid header every random payload reaches the views.
            for opcode in Opcode.allCases {
                run(RawFrame(opcode: opcode.rawValue, flags: 0, payload: bytes).bytes, seed: seed)
                run(RawFrame(opcode: opcode.rawValue, flags: 1, payload: bytes).bytes, seed: seed)
            }
        }
    }

    @Test func survivesMutatedPayloadsWithValidChecks() {
        for seed in 10_000..<12_000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let sample = Samples.all.randomElement(using: &generator)!.bytes
            guard case .frame(let frame) = decode(sample) else { continue }
            var payload = Array(sample[24...])
            mutate(&payload, using: &generator)
            let header = frame.header
            let mutated = RawFrame(
                opcode: header.opcode, flags: header.flags, requestID: header.requestID, payload: payload)
            run(mutated.bytes, seed: seed)
        }
    }

    @Test func survivesMutatedStreams() {
        for seed in 20_000..<21_000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var stream = Samples.all.shuffled(using: &generator).flatMap(\.bytes)
            mutate(&stream, using: &generator)
            run(stream, seed: seed)
        }
    }

    private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
            case 2: bytes[index] &+= UInt8.random(in: 1...8, using: &generator)
            case 3: bytes.remove(at: index)
            default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
            }
        }
    }

    /// Passes the bytes to an open server and an open client, and to every view.
    private func run(_ bytes: [UInt8], seed: UInt64) {
        SeedReport.begin(seed)
        var server = ServerSession(settings: Samples.settings, nowMilliseconds: 0)
        _ = server.next(Samples.hello)
        feed(bytes, seed: seed) { start in
            let step = server.next(bytes, from: start)
            if case .needMore = step.event { return 0 }
            return step.consumed
        }
        var client = openClient()
        feed(bytes, seed: seed) { start in
            let step = client.next(bytes, from: start)
            if case .needMore = step.event { return 0 }
            return step.consumed
        }
        Views.readAll(bytes)
    }

    private func feed(_ bytes: [UInt8], seed: UInt64, _ next: (Int) -> Int) {
        var start = 0
        while start < bytes.count {
            let consumed = next(start)
            if consumed == 0 { break }
            start += consumed
            #expect(start <= bytes.count, "seed \(seed): consumed more than there was")
        }
    }

    private func openClient() -> ClientSession {
        var client = ClientSession(name: "fuzz")
        _ = try? client.hello()
        _ = client.next(Samples.helloAnswer)
        for _ in 0..<8 { _ = try? client.scan(limit: 2) }
        return client
    }
}

enum Views {
    /// Reads the same bytes, valid or not, through every view, at every kind of range.
    static func readAll(_ payload: [UInt8]) {
        let span = payload.span.bytes
        for range in [0..<payload.count, 0..<payload.count + 1, payload.count / 2..<payload.count, -1..<2] {
            _ = try? HelloRequest(span, at: range)
            _ = try? HelloAnswer(span, at: range)
            _ = try? Ping(span, at: range)
            _ = try? Heartbeat(span, at: range)
            _ = try? KeyRequest(span, at: range)
            _ = try? PutRequest(span, at: range)
            _ = try? ScanRequest(span, at: range)
            _ = try? GetAnswer(span, at: range)
            _ = try? PutAnswer(span, at: range)
            _ = try? DeleteAnswer(span, at: range)
            _ = try? ScanAnswer(span, at: range)
            _ = try? ErrorReport(span, at: range)
            _ = try? Goodbye(span, at: range)
            _ = try? ReadAnswer(span, at: range)
            _ = try? WriteRequest(span, at: range)
            _ = try? WriteAnswer(span, at: range)
            _ = try? BatchAnswer(span, at: range)
            _ = try? WatchRequest(span, at: range)
            _ = try? WatchAnswer(span, at: range)
            _ = try? UnwatchRequest(span, at: range)
            _ = try? UnwatchAnswer(span, at: range)
            _ = try? ChangeNotice(span, at: range)
            if let batch = try? BatchRequest(span, at: range) { readAll(batch, in: payload) }
        }
    }

    /// Every write of a batch that was accepted is there, and within the payload.
    private static func readAll(_ batch: BatchRequest, in payload: [UInt8]) {
        var (writes, count) = (batch.writes, 0)
        while let write = writes.next(in: payload.span.bytes) {
            #expect(write.key.lowerBound >= 0 && write.value.upperBound <= payload.count)
            count += 1
        }
        #expect(count == batch.count)
    }
}
