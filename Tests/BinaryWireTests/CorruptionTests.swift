import Testing

@testable import BinaryWire

@Suite struct CorruptionTests {
    @Test func noticesEveryFlippedBit() {
        for (name, bytes) in Samples.all {
            for bit in 0..<bytes.count * 8 {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                guard case .refused(let refusal) = decode(flipped) else {
                    Issue.record("\(name): took a frame with bit \(bit) flipped")
                    continue
                }
                #expect([.badMagic, .corruptHeader, .corruptFrame].contains(refusal.code))
            }
        }
    }

    @Test func noticesEveryPairOfFlippedBitsOfASmallFrame() {
        let bytes = Samples.named("put-answer")
        for first in 0..<bytes.count * 8 {
            for second in 0..<first {
                var flipped = bytes
                flipped[first / 8] ^= 1 << UInt8(first % 8)
                flipped[second / 8] ^= 1 << UInt8(second % 8)
                guard case .refused = decode(flipped) else {
                    Issue.record("took a frame with bits \(second) and \(first) flipped")
                    continue
                }
            }
        }
    }

    @Test func noticesAPayloadThatBelongsToAnotherHeader() {
        let first = Samples.named("put-answer")
        let second = encoded { FrameEncoder.putAnswer(created: false, requestID: 2, into: &$0) }
        let spliced = Array(first[..<24]) + second[24...]
        guard case .refused(let refusal) = decode(spliced) else {
            Issue.record("took a spliced frame")
            return
        }
        #expect(refusal.code == .corruptFrame)
    }
}
