/// A command without framing, as a person types it in a terminal: words that are separated by blanks. A word may be quoted:
/// "…" with the escapes \xHH \n \r \t \b \a, or '…' with \'.
package enum InlineCommand {
    /// The same command as an array of bulk strings; empty if there is no word.
    ///
    /// - Throws: `unbalancedQuotes`, also if a quote does not end its word.
    package static func framed(_ line: Span<UInt8>) throws(RequestError) -> [UInt8] {
        var words: [[UInt8]] = []
        var place = 0
        while true {
            while place < line.count, isBlank(line[place]) { place += 1 }
            guard place < line.count else { break }
            words.append(try word(line, &place))
        }
        guard !words.isEmpty else { return [] }
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.count)\r\n".utf8)
            bytes += word
            bytes += [0x0D, 0x0A]
        }
        return bytes
    }

    private static func word(_ line: Span<UInt8>, _ place: inout Int) throws(RequestError) -> [UInt8] {
        var word: [UInt8] = []
        while place < line.count, !isBlank(line[place]) {
            let byte = line[place]
            guard byte == 0x22 || byte == 0x27 else {
                word.append(byte)
                place += 1
                continue
            }
            place += 1
            try quoted(line, &place, by: byte, &word)
            guard place == line.count || isBlank(line[place]) else { throw .unbalancedQuotes }
        }
        return word
    }

    private static func quoted(
        _ line: Span<UInt8>, _ place: inout Int, by quote: UInt8, _ word: inout [UInt8]
    ) throws(RequestError) {
        while place < line.count {
            let byte = line[place]
            place += 1
            if byte == quote { return }
            guard byte == 0x5C, place < line.count else {
                word.append(byte)
                continue
            }
            if quote == 0x27 {
                // Only \' is an escape.
                if line[place] == 0x27 { place += 1 }
                word.append(line[place - 1] == 0x27 ? 0x27 : byte)
            } else {
                word.append(escaped(line, &place))
            }
        }
        throw .unbalancedQuotes
    }

    private static func escaped(_ line: Span<UInt8>, _ place: inout Int) -> UInt8 {
        let byte = line[place]
        place += 1
        switch byte {
        case UInt8(ascii: "x"):
            guard place + 1 < line.count, let high = digit(line[place]), let low = digit(line[place + 1]) else {
                return byte
            }
            place += 2
            return high << 4 | low
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "a"): return 0x07
        default: return byte
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) || byte == 0 }
}
