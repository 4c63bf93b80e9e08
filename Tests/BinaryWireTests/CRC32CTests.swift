import TestInput
import Testing

@testable import BinaryWire

@Suite struct CRC32CTests {
    /// RFC 3720, appendix B.4. The RFC prints the bytes of the checksum in the order of the wire.
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            ([UInt8](0..<32), 0x46DD_794E),
            ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
            (
                [
                    0x01, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0, 0, 0, 0, 0x14,
                    0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
                ], 0xD996_3A56
            ),
        ] as [([UInt8], UInt32)])
    func agreesWithTheVectorsOfTheRFC(bytes: [UInt8], checksum: UInt32) {
        #expect(sum(bytes) == checksum)
    }

    @Test func agreesWithTheCommonCheckValue() {
        #expect(sum(utf8("123456789")) == 0xE306_9283)
    }

    @Test func isTheSameHoweverTheBytesAreSplit() {
        var generator = SeededGenerator(seed: 1)
        let bytes = generator.bytes(count: 67)
        for count in 0...bytes.count {
            let expected = bitByBit(Array(bytes.prefix(count)))
            for split in 0...count {
                #expect(sum(Array(bytes[..<split]), Array(bytes[split..<count])) == expected)
            }
        }
    }

    private func sum(_ pieces: [UInt8]...) -> UInt32 {
        var sum = CRC32C()
        for piece in pieces { sum.fold(piece.span.bytes) }
        return sum.checksum
    }

    /// The definition, without tables.
    private func bitByBit(_ bytes: [UInt8]) -> UInt32 {
        var remainder: UInt32 = ~0
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        return ~remainder
    }
}
