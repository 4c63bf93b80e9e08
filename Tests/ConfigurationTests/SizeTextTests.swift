import Testing

@testable import Configuration

struct SizeTextTests {
    @Test(arguments: [
        ("0B", 0), ("512B", 512), ("10KB", 10_000), ("64KiB", 65_536), ("1MB", 1_000_000), ("1MiB", 1_048_576),
        ("2GB", 2_000_000_000), ("1GiB", 1_073_741_824), ("1TB", 1_000_000_000_000), ("1TiB", 1_099_511_627_776),
        ("9223372036854775807B", .max),
    ])
    func readsEveryForm(text: String, bytes: Int) {
        #expect(SizeText.bytes(text) == Int64(bytes))
    }

    @Test(arguments: [
        "", "1", "B", "1 KiB", "-1B", "1.5MiB", "1kib", "1K", "1KiB1B", "1KiB ", "9223372036854775808B", "8388608TiB",
    ])
    func refusesEverythingElse(text: String) {
        #expect(SizeText.bytes(text) == nil)
    }

    @Test(arguments: [(0, "0B"), (1000, "1KB"), (1024, "1KiB"), (1025, "1025B"), (1 << 30, "1GiB"), (65_536, "64KiB")])
    func writesTheLargestUnitThatFits(bytes: Int, text: String) {
        #expect(SizeText.render(bytes: Int64(bytes)) == text)
    }
}
