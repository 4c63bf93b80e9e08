extension HTTPDate {
    /// Reads any of the three forms that a recipient must understand (RFC 9110 5.6.7); returns nil for anything else. Names are
    /// case-sensitive. The weekday must be a valid name, but is not compared with the date, because it adds nothing.
    ///
    /// `now` is for the two-digit year of the RFC 850 form: a year more than 50 calendar years ahead means the century before.
    package init?(_ value: BufferRange, in input: RawSpan, now: HTTPDate) {
        var reader = DateReader(value)
        guard reader.skipsWeekday(input) else { return nil }
        let seconds: Int?
        if reader.skips(", ", input) {
            seconds = Self.readFixdate(&reader, input)
        } else if reader.skips(" ", input) {
            seconds = Self.readAsctime(&reader, input)
        } else if reader.skipsWeekdayEnding(input), reader.skips(", ", input) {
            seconds = Self.readRFC850(&reader, input, now)
        } else {
            seconds = nil
        }
        guard let seconds, reader.isAtEnd else { return nil }
        self.init(secondsSinceEpoch: Int64(seconds))
    }

    /// `06 Nov 1994 08:49:37 GMT`
    private static func readFixdate(_ reader: inout DateReader, _ input: RawSpan) -> Int? {
        guard let day = reader.number(digits: 2, input), reader.skips(" ", input),
            let month = reader.month(input), reader.skips(" ", input),
            let year = reader.number(digits: 4, input), reader.skips(" ", input),
            let time = reader.secondOfDay(input), reader.skips(" GMT", input)
        else { return nil }
        return seconds(year, month, day, time)
    }

    /// `06-Nov-94 08:49:37 GMT`
    private static func readRFC850(_ reader: inout DateReader, _ input: RawSpan, _ now: HTTPDate) -> Int? {
        guard let day = reader.number(digits: 2, input), reader.skips("-", input),
            let month = reader.month(input), reader.skips("-", input),
            let shortYear = reader.number(digits: 2, input), reader.skips(" ", input),
            let time = reader.secondOfDay(input), reader.skips(" GMT", input)
        else { return nil }
        // The latest year with these digits that is at most 50 years ahead.
        let latest = CivilDate(daysSinceEpoch: now.daysSinceEpoch).year + 50
        let year = latest - (latest - shortYear) % 100
        return seconds(year, month, day, time)
    }

    /// `Nov  6 08:49:37 1994`
    private static func readAsctime(_ reader: inout DateReader, _ input: RawSpan) -> Int? {
        guard let month = reader.month(input), reader.skips(" ", input),
            let day = reader.skips(" ", input) ? reader.number(digits: 1, input) : reader.number(digits: 2, input),
            reader.skips(" ", input),
            let time = reader.secondOfDay(input), reader.skips(" ", input),
            let year = reader.number(digits: 4, input)
        else { return nil }
        return seconds(year, month, day, time)
    }

    private static func seconds(_ year: Int, _ month: Int, _ day: Int, _ secondOfDay: Int) -> Int? {
        let date = CivilDate(year: year, month: month, day: day)
        guard year >= 0, date.exists else { return nil }
        return date.daysSinceEpoch * 86_400 + secondOfDay
    }
}
