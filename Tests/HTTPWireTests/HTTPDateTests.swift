import HTTPWire
import Testing

@Suite struct HTTPDateTests {
    private func text(_ seconds: Int64) -> String {
        let text = HTTPDate(secondsSinceEpoch: seconds).text
        return String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
    }

    /// `now` is in 2026.
    private func seconds(_ text: String, now: Int64 = 1_780_000_000) -> Int64? {
        let (range, bytes) = value(text)
        return HTTPDate(range, in: bytes.span.bytes, now: HTTPDate(secondsSinceEpoch: now))?.secondsSinceEpoch
    }

    @Test(
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"), (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
            (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"), (Int64.min, "Sat, 01 Jan 0000 00:00:00 GMT"),
        ] as [(Int64, String)])
    func formats(seconds: Int64, text: String) {
        #expect(self.text(seconds) == text)
    }

    @Test func readsTheThreeForms() {
        #expect(seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(seconds("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
        #expect(seconds("Sun Nov  6 08:49:37 1994") == 784_111_777)
        #expect(seconds("Wed Nov 16 08:49:37 1994") == 784_975_777)
    }

    @Test func roundTripsDaysOfEightCenturies() {
        for day in stride(from: Int64(-146_097), through: 146_097, by: 17) {
            let moment = day * 86_400 + (day & 0xFFFF)
            #expect(seconds(text(moment)) == moment)
        }
    }

    @Test func roundTripsEveryDayOfALeapCycle() {
        for day in Int64(10_957)...(10_957 + 1_461) {
            #expect(seconds(text(day * 86_400 + 86_399)) == day * 86_400 + 86_399)
        }
    }

    @Test(
        arguments: [
            ("Wednesday, 01-Jan-70 00:00:00 GMT", 3_155_760_000), ("Friday, 01-Jan-26 00:00:00 GMT", 1_767_225_600),
            ("Tuesday, 01-Jan-76 00:00:00 GMT", 3_345_062_400), ("Wednesday, 01-Jan-77 00:00:00 GMT", 220_924_800),
            ("Thursday, 31-Dec-99 23:59:59 GMT", 946_684_799), ("Saturday, 01-Jan-00 00:00:00 GMT", 946_684_800),
        ] as [(String, Int64)])
    func placesTwoDigitYearsWithinFiftyYears(text: String, expected: Int64) {
        #expect(seconds(text) == expected)
    }

    @Test func toleratesALeapSecond() {
        #expect(seconds("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_799)
    }

    @Test(arguments: [
        "", "x", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMTx",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 08:49:37 GMT", "Mon, 29 Feb 1900 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun  06 Nov 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sunda, 06-Nov-94 08:49:37 GMT", "Sunday 06-Nov-94 08:49:37 GMT", "Sunday, 06 Nov 94 08:49:37 GMT",
        "Tueday, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 94", "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z", "784111777", "Sun, 06 Nov 1994 08:49:3", "Sun, 06\u{0}Nov 1994 08:49:37 GMT",
    ])
    func refuses(text: String) {
        #expect(seconds(text) == nil)
    }

    @Test func survivesAnyClock() {
        for now in [Int64.min, -1, 0, Int64.max] { #expect(seconds("Sunday, 06-Nov-94 08:49:37 GMT", now: now) != nil) }
    }
}
