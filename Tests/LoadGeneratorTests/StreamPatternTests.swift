import Testing

@testable import LoadGenerator

@Suite struct StreamPatternTests {
    private let pattern = StreamPattern(seed: 42, connection: 3)

    /// Every way a piece can begin and end within the eight-byte words.
    @Test func isTheSameHoweverItIsSplit() {
        for start in 0..<17 {
            for count in 0..<25 {
                var piece = [UInt8](repeating: 0, count: count)
                pattern.fill(&piece, count: count, from: UInt64(start))
                #expect(piece == (start..<start + count).map { pattern.byte(at: UInt64($0)) })
                #expect(pattern.firstDifference(in: piece.span.bytes, from: UInt64(start)) == nil)
            }
        }
    }

    @Test func findsTheFirstDifferenceWhereverItIs() {
        for start in 0..<9 {
            for difference in 0..<24 {
                var piece = [UInt8](repeating: 0, count: 24)
                pattern.fill(&piece, count: 24, from: UInt64(start))
                piece[difference] ^= 0x80
                piece[23] ^= 1
                #expect(pattern.firstDifference(in: piece.span.bytes, from: UInt64(start)) == difference)
            }
        }
    }

    @Test func differsBetweenConnectionsAndSeeds() {
        var piece = [UInt8](repeating: 0, count: 64)
        pattern.fill(&piece, count: 64, from: 0)
        let others = [StreamPattern(seed: 42, connection: 4), StreamPattern(seed: 43, connection: 3)]
        for other in others { #expect(other.firstDifference(in: piece.span.bytes, from: 0) != nil) }
        #expect(pattern.firstDifference(in: piece.span.bytes, from: 64) != nil)
    }
}
