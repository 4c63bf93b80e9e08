import MartletKit

/// How a stream of bytes arrives: TCP keeps no boundaries, so a session must give the same answer for all of them.
public enum InputSplit: Equatable, Sendable {
    /// In one piece.
    case whole
    /// One byte at a time.
    case everyByte
    /// In pieces of this many bytes; the last may be smaller.
    case pieces(of: Int)
    /// In pieces of 1 to `largest` bytes.
    case random(seed: UInt64, largest: Int = 64)

    func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        guard !bytes.isEmpty else { return [] }
        switch self {
        case .whole: return [bytes]
        case .everyByte: return bytes.map { [$0] }
        case .pieces(let size): return cut(bytes) { max(size, 1) }
        case .random(let seed, let largest):
            var generator = SeededGenerator(seed: seed)
            return cut(bytes) { Int.random(in: 1...max(largest, 1), using: &generator) }
        }
    }

    private func cut(_ bytes: [UInt8], next: () -> Int) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + next(), bytes.count)
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }
}

/// SplitMix64: the same seed gives the same test on every machine. Print the seed when a test fails.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// - Parameter seed: any; the same gives the same numbers.
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Bytes of any value.
    public mutating func bytes(count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

extension LengthPrefix {
    /// A frame as a peer sends it: the prefix, then the payload.
    public func frame(_ payload: [UInt8]) -> [UInt8] {
        let length = UInt64(payload.count)
        precondition(
            length <= largestLength, "a payload of \(length) bytes: the prefix allows at most \(largestLength)")
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
        switch self {
        case .uint8, .uint16LittleEndian, .uint32LittleEndian, .uint64LittleEndian: return bytes + payload
        case .uint16BigEndian, .uint32BigEndian, .uint64BigEndian: return bytes.reversed() + payload
        }
    }
}
