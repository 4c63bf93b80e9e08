/// A point in time in HTTP: whole seconds, UTC (RFC 9110 5.6.7).
package struct HTTPDate: Comparable, Sendable {
    /// An IMF-fixdate is always 29 bytes: `Sun, 06 Nov 1994 08:49:37 GMT`.
    package typealias Text = InlineArray<29, UInt8>

    /// Seconds since 1970-01-01 00:00:00 UTC without leap seconds, within the years 0 to 9999.
    package let secondsSinceEpoch: Int64

    /// A time outside the years 0 to 9999 is moved to the nearest bound, because the format has four digits for the year.
    package init(secondsSinceEpoch: Int64) {
        self.secondsSinceEpoch = min(max(secondsSinceEpoch, -62_167_219_200), 253_402_300_799)
    }

    package static func < (left: HTTPDate, right: HTTPDate) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    /// Rounded down, also before 1970.
    var daysSinceEpoch: Int {
        let seconds = Int(secondsSinceEpoch)
        return (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    }

    /// IMF-fixdate, the one form that may be sent.
    package var text: Text {
        let days = daysSinceEpoch
        let secondOfDay = Int(secondsSinceEpoch) - days * 86_400
        let date = CivilDate(daysSinceEpoch: days)
        // 1 January 1970 was a Thursday.
        let weekday = ((days + 4) % 7 + 7) % 7

        var text = Text(repeating: ASCII.space)
        Self.copy(Self.weekdays, weekday * 3, to: &text, 0)
        text[3] = ASCII.comma
        Self.writeTwoDigits(date.day, to: &text, 5)
        Self.copy(Self.months, (date.month - 1) * 3, to: &text, 8)
        Self.writeTwoDigits(date.year / 100, to: &text, 12)
        Self.writeTwoDigits(date.year % 100, to: &text, 14)
        Self.writeTwoDigits(secondOfDay / 3_600, to: &text, 17)
        text[19] = ASCII.colon
        Self.writeTwoDigits(secondOfDay / 60 % 60, to: &text, 20)
        text[22] = ASCII.colon
        Self.writeTwoDigits(secondOfDay % 60, to: &text, 23)
        Self.copy("GMT", 0, to: &text, 26)
        return text
    }

    static var weekdays: StaticString { "SunMonTueWedThuFriSat" }
    static var months: StaticString { "JanFebMarAprMayJunJulAugSepOctNovDec" }

    private static func copy(_ names: StaticString, _ start: Int, to text: inout Text, _ offset: Int) {
        for index in 0..<3 { text[offset + index] = names.byte(at: start + index) }
    }

    private static func writeTwoDigits(_ number: Int, to text: inout Text, _ offset: Int) {
        text[offset] = ASCII.zero + UInt8(number / 10)
        text[offset + 1] = ASCII.zero + UInt8(number % 10)
    }
}
