/// Reads the numbers and bytes that the parser's child wrote. Numbers are little-endian.
struct ByteReader {
    private let all: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { all = bytes }

    var isAtEnd: Bool { offset == all.count }

    mutating func bytes(_ count: Int) throws(TreeReader.Damage) -> ArraySlice<UInt8> {
        guard count <= all.count - offset else { throw TreeReader.Damage(message: "it ends too early") }
        offset += count
        return all[offset - count..<offset]
    }

    mutating func byte() throws(TreeReader.Damage) -> UInt8 {
        guard offset < all.count else { throw TreeReader.Damage(message: "it ends too early") }
        defer { offset += 1 }
        return all[offset]
    }

    /// From 0 to 2³² - 1.
    mutating func number() throws(TreeReader.Damage) -> Int {
        guard all.count - offset >= 4 else { throw TreeReader.Damage(message: "it ends too early") }
        defer { offset += 4 }
        return Int(all[offset]) | Int(all[offset + 1]) << 8 | Int(all[offset + 2]) << 16 | Int(all[offset + 3]) << 24
    }

    mutating func bits() throws(TreeReader.Damage) -> UInt64 {
        let (low, high) = (try number(), try number())
        return UInt64(high) << 32 | UInt64(low)
    }
}

extension [UInt8] {
    /// Appends a number in the form that `ByteReader.number` reads.
    mutating func append(number: Int) {
        for shift in [0, 8, 16, 24] { append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
