/// Reads the parts that the forms of an HTTP-date share, from left to right.
struct DateReader {
    private var offset: Int
    private let end: Int

    init(_ value: BufferRange) {
        offset = value.lower
        end = value.upper
    }

    var isAtEnd: Bool { offset == end }

    mutating func skips(_ expected: StaticString, _ input: RawSpan) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard end - offset >= count, input.equals(expected, in: BufferRange(offset, offset + count)) else {
            return false
        }
        offset += count
        return true
    }

    mutating func number(digits: Int, _ input: RawSpan) -> Int? {
        guard end - offset >= digits,
            let number = DecimalNumber.parse(BufferRange(offset, offset + digits), in: input)
        else { return nil }
        offset += digits
        return Int(number)
    }

    /// 1...12.
    mutating func month(_ input: RawSpan) -> Int? {
        guard let index = name(of: HTTPDate.months, input) else { return nil }
        return index + 1
    }

    mutating func skipsWeekday(_ input: RawSpan) -> Bool { name(of: HTTPDate.weekdays, input) != nil }

    /// Skips the rest of a long weekday whose first three letters were just read: "day" after "Sun".
    mutating func skipsWeekdayEnding(_ input: RawSpan) -> Bool {
        guard offset >= 3 else { return false }
        let weekday = BufferRange(offset - 3, offset)
        if input.equals("Tue", in: weekday) { return skips("sday", input) }
        if input.equals("Wed", in: weekday) { return skips("nesday", input) }
        if input.equals("Thu", in: weekday) { return skips("rsday", input) }
        if input.equals("Sat", in: weekday) { return skips("urday", input) }
        return skips("day", input)
    }

    /// `08:49:37`. A leap second, 60, counts as the second before it, because seconds since the epoch have no leap seconds.
    mutating func secondOfDay(_ input: RawSpan) -> Int? {
        guard let hour = number(digits: 2, input), hour < 24, skips(":", input),
            let minute = number(digits: 2, input), minute < 60, skips(":", input),
            let second = number(digits: 2, input), second <= 60
        else { return nil }
        return hour * 3_600 + minute * 60 + min(second, 59)
    }

    private mutating func name(of names: StaticString, _ input: RawSpan) -> Int? {
        guard end - offset >= 3 else { return nil }
        for start in stride(from: 0, to: names.utf8CodeUnitCount, by: 3)
        where (0..<3).allSatisfy({ input.byte(at: offset + $0) == names.byte(at: start + $0) }) {
            offset += 3
            return start / 3
        }
        return nil
    }
}
