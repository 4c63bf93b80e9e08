import Testing

@testable import HTTPWire

/// Spells out what the bits of each set mean.
@Suite struct ByteSetTests {
    static let alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

    @Test func containsTheCharactersOfTheGrammar() {
        let sets: [(ByteSet, String)] = [
            (.token, Self.alphanumeric + "!#$%&'*+-.^_`|~"),
            (.registeredName, Self.alphanumeric + "-._~!$&'()*+;="),
            (.addressLiteral, "0123456789abcdefABCDEF:."),
        ]
        for (set, members) in sets {
            for byte in UInt8.min...UInt8.max { #expect(set.contains(byte) == members.utf8.contains(byte)) }
        }
    }

    @Test func findsTheFirstByteThatMatters() {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<20 {
                var bytes = Array(repeating: UInt8(ascii: "a"), count: 20)
                bytes[place] = byte
                let isControl = byte < 0x20 || byte == 0x7F
                let isInvisible = byte < 0x21 || byte > 0x7E
                #expect(bytes.span.bytes.firstControl(from: 0, to: 20) == (isControl ? place : 20))
                #expect(bytes.span.bytes.firstInvisible(from: 0, to: 20) == (isInvisible ? place : 20))
                #expect(bytes.span.bytes.first(byte, from: 0, to: 20) == (byte == UInt8(ascii: "a") ? 0 : place))
            }
        }
    }

    /// Bytes next to each other must not disturb one another through borrows.
    @Test func isExactAboutTheFirstOfTwoNeighbours() {
        for first in UInt8.min...UInt8.max {
            for second in [0x00, 0x01, 0x1F, 0x20, 0x21, 0x2C, 0x2D, 0x2E, 0x7E, 0x7F, 0x80, 0x81, 0xFF] as [UInt8] {
                let bytes = [first, second] + Array("aaaaaa".utf8)
                let isControl: (UInt8) -> Bool = { $0 < 0x20 || $0 == 0x7F }
                let expected = isControl(first) ? 0 : isControl(second) ? 1 : 8
                #expect(bytes.span.bytes.firstControl(from: 0, to: 8) == expected)
                let isPlain: (UInt8) -> Bool = {
                    $0 == 0x2D || Character(UnicodeScalar($0 & 0x7F)).isLetter && $0 < 0x80
                }
                let mask = bytes.span.bytes.word(at: 0).notLetterOrHyphen
                #expect(ByteWord.index(ofFirstIn: mask) == (!isPlain(first) ? 0 : !isPlain(second) ? 1 : 8))
            }
        }
    }
}
