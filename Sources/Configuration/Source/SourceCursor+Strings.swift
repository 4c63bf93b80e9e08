/// The four string forms of TOML. Damaged strings end somewhere; toml++ is the one to complain about them.
extension SourceCursor {
    struct ScannedString {
        var text: String
        /// Where `\u0000` or `\U00000000` stands, if it does.
        var nul: Position?
    }

    /// Precondition: the cursor is on a quote.
    mutating func scanString(multiline: Bool) -> ScannedString {
        let quote = peek() ?? UInt8(ascii: "\"")
        if multiline, isRun(of: quote, count: 3) {
            advance(3)
            return scanMultiline(quote: quote)
        }
        return scanSingleLine(quote: quote)
    }

    private mutating func scanSingleLine(quote: UInt8) -> ScannedString {
        advance()
        var result = ScannedString(text: "")
        var bytes: [UInt8] = []
        while let byte = peek(), byte != quote, byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                scanEscape(into: &bytes, nul: &result.nul)
            } else {
                bytes.append(byte)
                advance()
            }
        }
        if peek() == quote { advance() }
        result.text = String(decoding: bytes, as: UTF8.self)
        return result
    }

    /// The text of a multi-line string is of no interest (it is never a key), only its end.
    private mutating func scanMultiline(quote: UInt8) -> ScannedString {
        var result = ScannedString(text: "")
        var ignored: [UInt8] = []
        while let byte = peek() {
            if isRun(of: quote, count: 3) {
                advance(3)
                // Up to two quotes may stand directly before the closing three: `"""a"""""`.
                for _ in 0..<2 where peek() == quote { advance() }
                return result
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                scanEscape(into: &ignored, nul: &result.nul)
                ignored.removeAll(keepingCapacity: true)
            } else {
                advance()
            }
        }
        return result
    }

    /// Precondition: the cursor is on a backslash.
    private mutating func scanEscape(into bytes: inout [UInt8], nul: inout Position?) {
        let start = position
        advance()
        guard let letter = peek() else { return }
        advance()
        switch letter {
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            guard let scalar = scanHexadecimal(digits: letter == UInt8(ascii: "u") ? 4 : 8) else { return }
            if scalar.value == 0, nul == nil { nul = start }
            bytes += Array(String(scalar).utf8)
        default: bytes.append(letter)
        }
    }

    private mutating func scanHexadecimal(digits: Int) -> Unicode.Scalar? {
        let start = offset
        for _ in 0..<digits {
            guard let byte = peek(), Character(Unicode.Scalar(byte)).isHexDigit else { return nil }
            advance()
        }
        return UInt32(String(decoding: bytes(from: start), as: UTF8.self), radix: 16).flatMap(Unicode.Scalar.init)
    }
}
