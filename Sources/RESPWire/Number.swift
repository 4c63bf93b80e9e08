/// Numbers as text, as Redis reads and writes them.
package enum Number {
    /// A 64-bit integer without leading zeros, blanks or `+`; nil: it is none.
    package static func integer(_ text: Span<UInt8>) -> Int64? {
        guard text.count > 0, text.count <= 20 else { return nil }
        if text.count == 1, text[0] == 0x30 { return 0 }
        let isNegative = text[0] == 0x2D
        let first = isNegative ? 1 : 0
        guard first < text.count, (0x31...0x39).contains(text[first]) else { return nil }
        var value: Int64 = 0
        for place in first..<text.count {
            let digit = Int64(text[place]) - 0x30
            guard digit >= 0, digit <= 9 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, another) = product.subtractingReportingOverflow(digit)
            if overflow || another { return nil }
            // Negative, because there is one negative number more than there are positive ones.
            value = sum
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }

    /// Writes an integer. Returns the number of bytes, at most 20.
    package static func write(_ value: Int64, into text: inout MutableSpan<UInt8>) -> Int {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var magnitude = value.magnitude
        var count = 0
        repeat {
            digits[count] = UInt8(0x30 + magnitude % 10)
            magnitude /= 10
            count += 1
        } while magnitude > 0
        var place = 0
        if value < 0 {
            text[0] = 0x2D
            place = 1
        }
        for index in (0..<count).reversed() {
            text[place] = digits[index]
            place += 1
        }
        return place
    }

    /// A finite number in decimal or exponential form; nil: it is none.
    package static func real(_ text: Span<UInt8>) -> Double? {
        guard text.count > 0, text.count <= 64 else { return nil }
        var characters = ""
        for place in 0..<text.count {
            switch text[place] {
            case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: characters.unicodeScalars.append(UnicodeScalar(text[place]))
            default: return nil
            }
        }
        guard let value = Double(characters), value.isFinite else { return nil }
        return value
    }

    /// The shortest decimal text that reads back as this number, without an exponent.
    package static func text(_ value: Double) -> String {
        let short = "\(value)"
        guard let exponentMark = short.firstIndex(of: "e") else {
            return short.hasSuffix(".0") ? String(short.dropLast(2)) : short
        }
        var exponent = Int(short[short.index(after: exponentMark)...]) ?? 0
        let isNegative = short.hasPrefix("-")
        let mantissa = short[..<exponentMark].drop { $0 == "-" }.split(separator: ".")
        var digits = String(mantissa[0])
        if mantissa.count > 1, mantissa[1] != "0" {
            digits += mantissa[1]
            exponent -= mantissa[1].count
        }
        let sign = isNegative ? "-" : ""
        if exponent >= 0 { return sign + digits + String(repeating: "0", count: exponent) }
        let point = digits.count + exponent
        if point > 0 { return sign + digits.prefix(point) + "." + digits.dropFirst(point) }
        return sign + "0." + String(repeating: "0", count: -point) + digits
    }
}
