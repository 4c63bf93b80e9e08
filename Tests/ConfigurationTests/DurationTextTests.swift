import Testing

@testable import Configuration

struct DurationTextTests {
    @Test(arguments: [
        ("0s", 0), ("500ms", 500_000_000), ("30s", 30_000_000_000), ("5m", 300_000_000_000),
        ("1h", 3_600_000_000_000), ("2d", 172_800_000_000_000), ("1m30s", 90_000_000_000),
        ("1d1h1m1s1ms", 90_061_001_000_000), ("007s", 7_000_000_000), ("90m", 5_400_000_000_000),
        ("9223372036854ms", 9_223_372_036_854_000_000),
    ])
    func readsEveryForm(text: String, nanoseconds: Int) {
        #expect(DurationText.nanoseconds(text) == Int64(nanoseconds))
    }

    @Test(arguments: [
        "", "30", "s", "30 s", " 30s", "30s ", "-1s", "+1s", "1.5s", "1S", "30sec", "30s1m", "1s1s", "1m 30s", "1us",
        "٣s", "1s\u{301}",
        "9223372037s", "9223372036855ms", "106752d", "99999999999999999999s", "106751d99h",
    ])
    func refusesEverythingElse(text: String) {
        #expect(DurationText.nanoseconds(text) == nil)
    }

    @Test(arguments: ["0s", "500ms", "1m30s", "9h", "365d", "1d1h1m1s1ms"])
    func writesWhatItReads(text: String) throws {
        #expect(DurationText.render(nanoseconds: try #require(DurationText.nanoseconds(text))) == text)
    }
}
