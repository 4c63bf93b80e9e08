/// Patterns of KEYS, SCAN and PSUBSCRIBE: `?` one byte, `*` any bytes, `[a-c]` `[^x]` one of a class, `\` takes the next byte as it is.
package enum Glob {
    /// Takes at most as many steps as the product of both lengths, whatever the pattern.
    package static func matches(_ text: Span<UInt8>, _ pattern: Span<UInt8>) -> Bool {
        var (place, part) = (0, 0)
        // Behind the last `*`, and the place from which it was last tried.
        var (star, retry) = (-1, 0)
        while place < text.count {
            if part < pattern.count, pattern[part] == UInt8(ascii: "*") {
                part += 1
                (star, retry) = (part, place)
            } else if part < pattern.count, let next = step(text[place], pattern, part) {
                place += 1
                part = next
            } else if star >= 0 {
                retry += 1
                (place, part) = (retry, star)
            } else {
                return false
            }
        }
        while part < pattern.count, pattern[part] == UInt8(ascii: "*") { part += 1 }
        return part == pattern.count
    }

    /// The next part of the pattern, if this part takes the byte.
    private static func step(_ byte: UInt8, _ pattern: Span<UInt8>, _ part: Int) -> Int? {
        switch pattern[part] {
        case UInt8(ascii: "?"): return part + 1
        case UInt8(ascii: "["): return stepClass(byte, pattern, part + 1)
        case UInt8(ascii: "\\") where part + 1 < pattern.count:
            return pattern[part + 1] == byte ? part + 2 : nil
        default: return pattern[part] == byte ? part + 1 : nil
        }
    }

    /// A class without `]` ends with the pattern, as in Redis.
    private static func stepClass(_ byte: UInt8, _ pattern: Span<UInt8>, _ start: Int) -> Int? {
        var part = start
        let isInverted = part < pattern.count && pattern[part] == UInt8(ascii: "^")
        if isInverted { part += 1 }
        var isIn = false
        while part < pattern.count, pattern[part] != UInt8(ascii: "]") {
            if pattern[part] == UInt8(ascii: "\\"), part + 1 < pattern.count {
                part += 1
                isIn = isIn || pattern[part] == byte
                part += 1
            } else if part + 2 < pattern.count, pattern[part + 1] == UInt8(ascii: "-") {
                let (one, other) = (pattern[part], pattern[part + 2])
                isIn = isIn || (min(one, other)...max(one, other)).contains(byte)
                part += 3
            } else {
                isIn = isIn || pattern[part] == byte
                part += 1
            }
        }
        guard isIn != isInverted else { return nil }
        return min(part + 1, pattern.count)
    }
}
