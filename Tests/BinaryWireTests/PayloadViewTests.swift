import Testing

@testable import BinaryWire

/// Wrong lengths, fields that must be zero, and the edges of the limits.
@Suite struct PayloadViewTests {
    @Test func refusesLengthsThatDoNotAddUp() {
        let long = [UInt8](repeating: 0xFF, count: 8)
        #expect(refusal(of: long, PutRequest.init) == .malformedPayload)
        #expect(refusal(of: littleEndian(UInt16.max) + [0, 0] + utf8("key"), PutRequest.init) == .malformedPayload)
        #expect(refusal(of: scan(limit: 1, prefix: .max, cursor: .max), ScanRequest.init) == .malformedPayload)
        #expect(refusal(of: scan(limit: 1, prefix: 1, cursor: 0), ScanRequest.init) == .malformedPayload)
        #expect(refusal(of: scan(limit: 1, prefix: 0, cursor: 0) + [0], ScanRequest.init) == .malformedPayload)
        #expect(refusal(of: hello(nameBytes: .max), HelloRequest.init) == .malformedPayload)
        #expect(refusal(of: entries(count: 1, key: .max, value: .max), ScanAnswer.init) == .malformedPayload)
        #expect(refusal(of: entries(count: .max, key: 1, value: 0) + [1], ScanAnswer.init) == .malformedPayload)
        #expect(refusal(of: entries(count: 2, key: 1, value: 0) + [1], ScanAnswer.init) == .malformedPayload)
        #expect(refusal(of: entries(count: 1, key: 1, value: 0) + [1, 2], ScanAnswer.init) == .malformedPayload)
    }

    /// The lengths are within the size of the payload, where a forgotten subtraction would show.
    @Test func refusesLengthsThatAreTooLongByAFewBytes() {
        let zeros = { [UInt8](repeating: 0x61, count: $0) }
        for excess in 1...8 {
            let length = UInt16(5 + excess)
            #expect(refusal(of: littleEndian(length) + [0, 0] + zeros(5), PutRequest.init) == .malformedPayload)
            #expect(refusal(of: hello(nameBytes: length) + zeros(5), HelloRequest.init) == .malformedPayload)
            var answer = Array(Samples.helloAnswer[24...])
            answer[2] = UInt8(7 + excess)
            #expect(refusal(of: answer, HelloAnswer.init) == .malformedPayload)
            let prefixed = scan(limit: 1, prefix: length, cursor: 0) + zeros(5)
            #expect(refusal(of: prefixed, ScanRequest.init) == .malformedPayload)
            let cursored = scan(limit: 1, prefix: 0, cursor: length) + zeros(5)
            #expect(refusal(of: cursored, ScanRequest.init) == .malformedPayload)
            let key = entries(count: 1, key: length, value: 0) + zeros(5)
            #expect(refusal(of: key, ScanAnswer.init) == .malformedPayload)
            let value = entries(count: 1, key: 1, value: UInt32(length)) + zeros(6)
            #expect(refusal(of: value, ScanAnswer.init) == .malformedPayload)
        }
    }

    @Test func refusesPayloadsThatEndWithinTheirFields() {
        let zeros = { [UInt8](repeating: 0, count: $0) }
        for count in 0..<4 {
            #expect(refusal(of: zeros(count), PutRequest.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), GetAnswer.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), PutAnswer.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), DeleteAnswer.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), ErrorReport.init) == .malformedPayload)
        }
        for count in 0..<8 {
            #expect(refusal(of: zeros(count), HelloRequest.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), ScanRequest.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), ScanAnswer.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), Goodbye.init) == .malformedPayload)
            #expect(refusal(of: zeros(count), Heartbeat.init) == .malformedPayload)
        }
        for count in 0..<16 { #expect(refusal(of: zeros(count), HelloAnswer.init) == .malformedPayload) }
    }

    @Test func refusesReservedFieldsThatAreNotZero() {
        #expect(refusal(of: [1, 0, 1, 0, 0x6B], PutRequest.init) == .malformedPayload)
        #expect(refusal(of: [1, 0, 1, 0] + littleEndian(UInt32(0)), Goodbye.init) == .malformedPayload)
        let answer = Array(Samples.helloAnswer[24...])
        for offset in [1, 13, 14, 15] {
            var changed = answer
            changed[offset] = 1
            #expect(refusal(of: changed, HelloAnswer.init) == .malformedPayload)
        }
        var scanned = entries(count: 1, key: 1, value: 0) + [1]
        scanned[10] = 1
        #expect(refusal(of: scanned, ScanAnswer.init) == .malformedPayload)
        #expect(refusal(of: littleEndian(UInt32(2)), PutAnswer.init) == .malformedPayload)
    }

    @Test func enforcesTheLimitsOfKeysAndValues() {
        let key = { [UInt8](repeating: 1, count: $0) }
        #expect(refusal(of: [], KeyRequest.init) == .invalidKey)
        #expect(refusal(of: key(512), KeyRequest.init) == nil)
        #expect(refusal(of: key(513), KeyRequest.init) == .invalidKey)
        #expect(refusal(of: [0, 0, 0, 0] + key(3), PutRequest.init) == .invalidKey)
        #expect(refusal(of: littleEndian(UInt32(513)) + key(513), PutRequest.init) == .invalidKey)
        #expect(refusal(of: littleEndian(UInt32(1)) + key(1 + 1_048_576), PutRequest.init) == nil)
        #expect(refusal(of: littleEndian(UInt32(1)) + key(2 + 1_048_576), PutRequest.init) == .valueTooLarge)
        #expect(refusal(of: scan(limit: 1, prefix: 513, cursor: 0) + key(513), ScanRequest.init) == .invalidKey)
        #expect(refusal(of: scan(limit: 0, prefix: 0, cursor: 0), ScanRequest.init) == .malformedPayload)
        #expect(refusal(of: scan(limit: 10_001, prefix: 0, cursor: 0), ScanRequest.init) == .malformedPayload)
        #expect(refusal(of: key(65), Ping.init) == .malformedPayload)
        #expect(refusal(of: littleEndian(UInt32(0)) + [1], GetAnswer.init) == .malformedPayload)
    }

    @Test func acceptsAHelloWithFieldsOfLaterVersions() throws {
        let payload = hello(nameBytes: 2) + utf8("ab") + [9, 9, 9]
        #expect(try read(payload, HelloRequest.init).get().name == 8..<10)
        let long = payload + [UInt8](repeating: 0, count: 1_025 - payload.count)
        #expect(refusal(of: long, HelloRequest.init) == .malformedPayload)
    }

    @Test func refusesAHelloThatMakesNoSense() {
        #expect(refusal(of: hello(lowest: 0), HelloRequest.init) == .malformedPayload)
        #expect(refusal(of: hello(lowest: 3, highest: 2), HelloRequest.init) == .malformedPayload)
        #expect(refusal(of: hello(maximumPayload: 4_095), HelloRequest.init) == .malformedPayload)
        #expect(refusal(of: hello(maximumPayload: 16_777_217), HelloRequest.init) == .malformedPayload)
        for name in [[0xFF], [0x0A], [0x7F], [0xC0, 0x80]] as [[UInt8]] {
            let payload = hello(nameBytes: UInt16(name.count)) + name
            #expect(refusal(of: payload, HelloRequest.init) == .malformedPayload)
        }
    }

    @Test func refusesAScanAnswerThatWouldNeverEnd() {
        #expect(refusal(of: littleEndian(UInt32(0)) + littleEndian(UInt32(1)), ScanAnswer.init) == .malformedPayload)
        let repeated = entries(count: 2, key: 1, value: 0) + [5, 1, 0, 0, 0, 0, 0, 0, 0, 5]
        #expect(refusal(of: repeated, ScanAnswer.init) == .malformedPayload)
        let ascending = entries(count: 2, key: 1, value: 0) + [5, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0]
        #expect(refusal(of: ascending, ScanAnswer.init) == nil)
    }

    @Test func refusesInvalidText() {
        #expect(refusal(of: [64, 0, 0, 0, 0xC3], ErrorReport.init) == .malformedPayload)
        #expect(refusal(of: [0, 0, 0, 0], ErrorReport.init) == .malformedPayload)
        #expect(refusal(of: [64, 0, 2, 0], ErrorReport.init) == .malformedPayload)
        #expect(refusal(of: [64, 0, 0, 0] + [UInt8](repeating: 0x61, count: 513), ErrorReport.init) != nil)
        #expect(refusal(of: [99, 99, 0, 0] + utf8("new"), ErrorReport.init) == nil)
    }

    private func hello(
        lowest: UInt8 = 1, highest: UInt8 = 1, nameBytes: UInt16 = 0, maximumPayload: UInt32 = 4_096
    ) -> [UInt8] {
        [lowest, highest] + littleEndian(nameBytes) + littleEndian(maximumPayload)
    }

    private func scan(limit: UInt32, prefix: UInt16, cursor: UInt16) -> [UInt8] {
        littleEndian(limit) + littleEndian(prefix) + littleEndian(cursor)
    }

    /// The fixed fields of a scan answer and of its first entry.
    private func entries(count: UInt32, key: UInt16, value: UInt32) -> [UInt8] {
        littleEndian(count) + littleEndian(UInt32(0)) + littleEndian(key) + [0, 0] + littleEndian(value)
    }
}
