import Testing

@testable import BinaryWire

/// Read, write and batch: wrong lengths, fields that contradict each other, and the edges of the limits.
@Suite struct WritePayloadTests {
    @Test func readsEveryFieldOfAWrite() throws {
        let payload = write(1, 3, key: utf8("key"), value: utf8("value"), version: 7, timeToLive: 9)
        let request = try read(payload, WriteRequest.init).get()
        #expect(request.operation == .put && request.condition == .version(7) && request.timeToLiveMilliseconds == 9)
        #expect(Array(payload[request.key]) == utf8("key") && Array(payload[request.value]) == utf8("value"))
        let conditions = try (0...2 as ClosedRange<UInt8>).map {
            try read(write(2, $0, key: [1]), WriteRequest.init).get().condition
        }
        #expect(conditions == [.always, .absent, .present])
    }

    @Test func hasRoomInEveryEventOfASession() {
        #expect(MemoryLayout<WriteRequest>.size == 32)
        #expect(MemoryLayout<ServerRequest>.size <= MemoryLayout<ScanRequest>.size + 1)
    }

    @Test(
        arguments: [
            write(0, 0, key: [1]), write(3, 0, key: [1]), write(1, 4, key: [1]),
            // An expected version without its condition, and the condition without a version.
            write(1, 0, key: [1], version: 1), write(1, 2, key: [1], version: 1), write(1, 3, key: [1]),
            // A delete has no value and no time to live.
            write(2, 0, key: [1], value: [1]), write(2, 0, key: [1], timeToLive: 1),
            write(1, 0, key: [1], timeToLive: 315_360_000_001), write(1, 0, key: [1], timeToLive: .max),
            write(1, 0, key: [1], value: [2]) + [0], Array(write(1, 0, key: [1], value: [2]).dropLast()),
            write(1, 0, key: [], value: [], claimedKey: .max), write(1, 0, key: [1], claimedValue: .max),
            write(1, 0, key: [1], value: [2], claimedKey: 2), write(1, 0, key: [1], value: [2], claimedValue: 2),
        ] as [[UInt8]])
    func refusesAMalformedWrite(payload: [UInt8]) {
        #expect(refusal(of: payload, WriteRequest.init) == .malformedPayload)
    }

    @Test func refusesPayloadsThatEndWithinTheirFields() {
        for count in 0..<24 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(refusal(of: zeros, WriteRequest.init) == .malformedPayload)
            #expect(refusal(of: zeros, ReadAnswer.init) == .malformedPayload)
            if count != 16 { #expect(refusal(of: zeros, WriteAnswer.init) == .malformedPayload) }
            if count != 16 { #expect(refusal(of: zeros, BatchAnswer.init) == .malformedPayload) }
            #expect(refusal(of: zeros, BatchRequest.init) == .malformedPayload)
        }
    }

    @Test func checksTheLayoutBeforeTheLimitsOfKeyAndValue() {
        let long = [UInt8](repeating: 1, count: 513)
        #expect(refusal(of: write(1, 0, key: []), WriteRequest.init) == .invalidKey)
        #expect(refusal(of: write(1, 0, key: long), WriteRequest.init) == .invalidKey)
        #expect(refusal(of: write(1, 9, key: long), WriteRequest.init) == .malformedPayload)
        let large = [UInt8](repeating: 1, count: 1_048_577)
        #expect(refusal(of: write(1, 0, key: [1], value: large), WriteRequest.init) == .valueTooLarge)
        #expect(refusal(of: write(1, 0, key: [1], value: large.dropLast()), WriteRequest.init) == nil)
        #expect(refusal(of: write(1, 0, key: [1], timeToLive: 315_360_000_000), WriteRequest.init) == nil)
        let good = write(1, 0, key: [1], value: [2])
        #expect(refusal(of: batch(write(1, 0, key: []), write(9, 0, key: [1])), BatchRequest.init) == .malformedPayload)
        #expect(refusal(of: batch(good, write(1, 0, key: [])), BatchRequest.init) == .invalidKey)
        #expect(refusal(of: batch(write(1, 0, key: []), good) + [0], BatchRequest.init) == .malformedPayload)
        #expect(refusal(of: batch(good, write(1, 0, key: [1], value: large)), BatchRequest.init) == .valueTooLarge)
    }

    @Test func readsTheWritesOfABatch() throws {
        let parts = [write(1, 1, key: [1], value: [2, 3]), write(2, 0, key: [4, 5]), write(1, 0, key: [6])]
        let payload = batch(parts)
        let request = try read(payload, BatchRequest.init).get()
        var (writes, keys) = (request.writes, [[UInt8]]())
        while let write = writes.next(in: payload.span.bytes) { keys.append(Array(payload[write.key])) }
        #expect(request.count == 3 && keys == [[1], [4, 5], [6]])
    }

    @Test func countsTheWritesOfABatch() {
        let one = write(1, 0, key: [1])
        #expect(refusal(of: batch(Array(repeating: one, count: 1_000)), BatchRequest.init) == nil)
        #expect(refusal(of: batch(Array(repeating: one, count: 1_001)), BatchRequest.init) == .malformedPayload)
        #expect(refusal(of: batch([[UInt8]]()), BatchRequest.init) == .malformedPayload)
        for count in [0, 2, .max] as [UInt32] {
            let wrong = littleEndian(count) + littleEndian(UInt32(0)) + one
            #expect(refusal(of: wrong, BatchRequest.init) == .malformedPayload)
        }
        let reserved = littleEndian(UInt32(1)) + littleEndian(UInt32(1)) + one
        #expect(refusal(of: reserved, BatchRequest.init) == .malformedPayload)
    }

    @Test func refusesAnswersThatContradictThemselves() {
        func read(_ found: UInt32, _ reserved: UInt32, _ version: UInt64, _ time: UInt64) -> [UInt8] {
            littleEndian(found) + littleEndian(reserved) + littleEndian(version) + littleEndian(time)
        }
        for payload in [
            read(2, 0, 1, 0), read(1, 1, 1, 0), read(1, 0, 0, 0), read(0, 0, 1, 0), read(0, 0, 0, 1),
            read(0, 0, 0, 0) + [1],
        ] { #expect(refusal(of: payload, ReadAnswer.init) == .malformedPayload) }
        #expect(refusal(of: read(1, 0, 1, 5) + [1], ReadAnswer.init) == nil)

        func written(_ outcome: UInt32, _ existed: UInt32, _ version: UInt64) -> [UInt8] {
            littleEndian(outcome) + littleEndian(existed) + littleEndian(version)
        }
        for payload in [written(2, 0, 0), written(0, 2, 1), written(1, 1, 0), written(1, 0, 5), written(0, 0, 5) + [0]]
        {
            #expect(refusal(of: payload, WriteAnswer.init) == .malformedPayload)
        }
        // A batch names an index, or has versions.
        for payload in [
            written(0, 1, 1), written(2, 0, 1), written(1, 1_000, 1), written(1, 0, 1) + littleEndian(UInt64(1)),
            written(0, 0, 1) + [1], Array(written(0, 0, 1).prefix(8)),
            littleEndian(UInt64(0)) + [UInt8](repeating: 0, count: 8 * 1_001),
        ] { #expect(refusal(of: payload, BatchAnswer.init) == .malformedPayload) }
        #expect(refusal(of: littleEndian(UInt64(0)) + [UInt8](repeating: 0, count: 8_000), BatchAnswer.init) == nil)
    }

    @Test func encodesNothingBeyondTheLimits() {
        func isEncoded(_ rule: WriteRule, _ key: [UInt8], _ value: [UInt8] = []) -> Bool {
            FrameEncoder.array {
                FrameEncoder.write(rule, key: key.span.bytes, value: value.span.bytes, requestID: 1, into: &$0)
            } != nil
        }
        #expect(isEncoded(WriteRule(.put), [1]) && isEncoded(WriteRule(.delete), [1]))
        #expect(!isEncoded(WriteRule(.put), []) && !isEncoded(WriteRule(.delete), [1], [1]))
        #expect(!isEncoded(WriteRule(.put, if: .version(0)), [1]))
        #expect(!isEncoded(WriteRule(.put, timeToLiveMilliseconds: 315_360_000_001), [1]))
        #expect(!isEncoded(WriteRule(.delete, timeToLiveMilliseconds: 1), [1]))
        #expect(FrameEncoder.array { FrameEncoder.batchAnswer(versions: Span(), requestID: 1, into: &$0) } == nil)
    }
}

/// The payload of a write. The claimed lengths are written instead of the true ones.
func write(
    _ operation: UInt8, _ condition: UInt8, key: [UInt8], value: [UInt8] = [], version: UInt64 = 0,
    timeToLive: UInt64 = 0, claimedKey: UInt16? = nil, claimedValue: UInt32? = nil
) -> [UInt8] {
    [operation, condition] + littleEndian(claimedKey ?? UInt16(key.count))
        + littleEndian(claimedValue ?? UInt32(value.count)) + littleEndian(version) + littleEndian(timeToLive)
        + key + value
}

private func batch(_ writes: [UInt8]...) -> [UInt8] { batch(writes) }

private func batch(_ writes: [[UInt8]]) -> [UInt8] {
    littleEndian(UInt32(writes.count)) + littleEndian(UInt32(0)) + writes.flatMap { $0 }
}
