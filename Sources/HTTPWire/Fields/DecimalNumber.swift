/// 1*DIGIT (RFC 5234) and nothing else: no sign, no blank, no overflow.
enum DecimalNumber {
    /// Returns nil for anything else, and for a value that does not fit in 64 bits.
    static func parse(_ range: BufferRange, in input: RawSpan) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var number: UInt64 = 0
        for offset in range.offsets {
            let byte = input.byte(at: offset)
            guard byte.isDigit else { return nil }
            let (tens, overflowsTens) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflowsSum) = tens.addingReportingOverflow(UInt64(byte &- ASCII.zero))
            if overflowsTens || overflowsSum { return nil }
            number = sum
        }
        return number
    }

    /// The same, but a value that does not fit becomes the largest: for range positions, where it only means "past the end".
    static func parseSaturating(_ range: BufferRange, in input: RawSpan) -> UInt64? {
        if let number = parse(range, in: input) { return number }
        guard !range.isEmpty else { return nil }
        for offset in range.offsets where !input.byte(at: offset).isDigit { return nil }
        return .max
    }
}
