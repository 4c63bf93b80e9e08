import HTTPWire
import TestInput
import Testing

/// Mutated and random bytes: nothing traps, and the verdict is the same whole, split and byte by byte.
@Suite struct ParserFuzzTests {
    private static let fragments = [
        "\r\n", "\n", "\r", " ", "\t", ":", ",", "\u{0}", "Host: a\r\n", "Content-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "chunked", "HTTP/1.1", "HTTP/1.0", "GET ", "http://", "#", "?", "%00", "\u{7F}", "\u{E9}",
        "Expect: 100-continue\r\n",
        "99999999999999999999", "close", "[", "]",
    ].map { Array($0.utf8) }

    private static let limits = RequestLimits(requestLineBytes: 120, fieldSectionBytes: 600, fieldCount: 14)

    @Test(arguments: [1, 20_260_101, 0xDEAD_BEEF] as [UInt64])
    func givesMutationsTheSameVerdictWholeAndSplit(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let samples = (Samples.accepted + Samples.refused).map { Array($0.utf8) }
        for round in 0..<1_500 {
            var bytes = samples[generator.below(samples.count)]
            for _ in 0...generator.below(3) { Self.mutate(&bytes, &generator) }
            check(bytes, &generator, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [2, 20_260_102] as [UInt64])
    func givesNoiseTheSameVerdictWholeAndSplit(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1_000 {
            var bytes: [UInt8] = []
            for _ in 0..<generator.below(30) {
                if generator.below(3) == 0 {
                    bytes.append(UInt8(truncatingIfNeeded: generator.next()))
                } else {
                    bytes += Self.fragments[generator.below(Self.fragments.count)]
                }
            }
            check(bytes, &generator, "seed \(seed), round \(round)")
        }
    }

    private func check(_ bytes: [UInt8], _ generator: inout SeededGenerator, _ comment: Comment) {
        let whole = verdict(on: bytes, Self.limits)
        let cut = generator.below(bytes.count + 1)
        #expect(verdict(on: bytes, cutAt: [cut], Self.limits) == whole, comment)
        #expect(verdict(on: bytes, cutAt: 0..<bytes.count, Self.limits) == whole, comment)
        if let head = whole.head { #expect(head.length <= bytes.count, comment) }
    }

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        let place = generator.below(bytes.count + 1)
        switch generator.below(5) {
        case 0 where place < bytes.count:
            bytes[place] = UInt8(truncatingIfNeeded: generator.next())
        case 1 where place < bytes.count:
            bytes.removeSubrange(place..<min(bytes.count, place + 1 + generator.below(6)))
        case 2 where place < bytes.count:
            let end = min(bytes.count, place + 1 + generator.below(30))
            bytes.insert(contentsOf: Array(bytes[place..<end]), at: generator.below(bytes.count + 1))
        case 3:
            bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
        default:
            bytes.insert(contentsOf: fragments[generator.below(fragments.count)], at: place)
        }
    }
}
