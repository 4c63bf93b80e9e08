import TestInput

/// A valid file with some damage: the same for the same seed and number on every machine.
package struct MutatedFile {
    package private(set) var bytes: [UInt8]
    private var random: SeededGenerator

    package init(seed: UInt64, number: UInt64) {
        random = SeededGenerator(seed: seed &+ number &* 0xD134_2543_DE82_EF95)
        bytes = []
        bytes = Self.samples[pick(Self.samples.count)]
        for _ in 0...pick(4) { damage() }
    }

    private mutating func damage() {
        let place = pick(bytes.count + 1)
        let end = min(bytes.count, place + pick(13))
        switch pick(10) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: piece(), at: place)
        case 2: bytes.replaceSubrange(place..<end, with: piece())
        case 3: bytes.insert(contentsOf: bytes[place..<end], at: pick(bytes.count + 1))
        case 4: if place < bytes.count { bytes[place] = UInt8(truncatingIfNeeded: random.next()) }
        case 5: if place < bytes.count { bytes[place] ^= 1 << UInt8(pick(8)) }
        case 6: damageLines()
        case 7:
            bytes.insert(contentsOf: Array("\nd\(pick(100)) = ".utf8) + date() + Array("\n".utf8), at: lineStart(place))
        case 8: bytes.insert(contentsOf: date(), at: place)
        default: bytes.insert(contentsOf: Array(repeating: piece().first ?? 0, count: 1 + pick(130)), at: place)
        }
    }

    /// Swaps two lines, duplicates one, or removes one.
    private mutating func damageLines() {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let (one, other) = (pick(lines.count), pick(lines.count))
        switch pick(3) {
        case 0: lines.swapAt(one, other)
        case 1: lines.insert(lines[one], at: other)
        default: lines.remove(at: one)
        }
        bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    /// A date, or text that looks like one: toml++ is known to fail an assertion on some.
    private mutating func date() -> [UInt8] {
        var text = Self.dates[pick(Self.dates.count)]
        if pick(2) == 0 {
            let place = pick(text.count)
            text.replaceSubrange(place..<min(text.count, place + 1 + pick(2)), with: piece())
        }
        if pick(3) == 0 {
            text.insert(contentsOf: Array(repeating: UInt8(ascii: "_"), count: pick(130)), at: pick(text.count))
        }
        return text
    }

    private mutating func piece() -> [UInt8] { Self.pieces[pick(Self.pieces.count)] }

    private func lineStart(_ offset: Int) -> Int {
        bytes[..<offset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    }

    private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
}
