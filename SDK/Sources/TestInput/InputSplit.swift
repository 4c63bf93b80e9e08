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

    /// The pieces, in their order.
    public func pieces(of bytes: [UInt8]) -> [[UInt8]] {
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
