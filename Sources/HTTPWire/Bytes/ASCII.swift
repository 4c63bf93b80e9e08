/// The bytes that have a meaning in HTTP, by name.
enum ASCII {
    static var nul: UInt8 { 0x00 }
    static var horizontalTab: UInt8 { 0x09 }
    static var lineFeed: UInt8 { 0x0A }
    static var carriageReturn: UInt8 { 0x0D }
    static var space: UInt8 { 0x20 }
    static var doubleQuote: UInt8 { 0x22 }
    static var numberSign: UInt8 { 0x23 }
    static var percent: UInt8 { 0x25 }
    static var asterisk: UInt8 { 0x2A }
    static var comma: UInt8 { 0x2C }
    static var hyphen: UInt8 { 0x2D }
    static var dot: UInt8 { 0x2E }
    static var slash: UInt8 { 0x2F }
    static var zero: UInt8 { 0x30 }
    static var nine: UInt8 { 0x39 }
    static var colon: UInt8 { 0x3A }
    static var semicolon: UInt8 { 0x3B }
    static var equals: UInt8 { 0x3D }
    static var questionMark: UInt8 { 0x3F }
    static var upperW: UInt8 { 0x57 }
    static var openBracket: UInt8 { 0x5B }
    static var backslash: UInt8 { 0x5C }
    static var closeBracket: UInt8 { 0x5D }
    static var delete: UInt8 { 0x7F }
}

extension UInt8 {
    /// OWS and BWS consist of these two (RFC 9110 5.6.3).
    @inline(__always)
    var isBlank: Bool { self == ASCII.space || self == ASCII.horizontalTab }

    @inline(__always)
    var isDigit: Bool { self &- ASCII.zero <= 9 }

    /// The value of a hexadecimal digit, nil for any other byte.
    @inline(__always)
    var hexadecimalValue: UInt8? {
        if isDigit { return self &- ASCII.zero }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    /// CTL of RFC 5234 except HTAB: not allowed in field values and chunk extensions (RFC 9110 5.5).
    @inline(__always)
    var isForbiddenControl: Bool { (self < 0x20 && self != ASCII.horizontalTab) || self == ASCII.delete }
}
