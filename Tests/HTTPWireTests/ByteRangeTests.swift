import HTTPWire
import Testing

@Suite struct ByteRangeTests {
    private func select(_ text: String, of length: UInt64) -> RangeSelection {
        let (range, bytes) = value(text)
        return RangeSelection(range, in: bytes.span.bytes, length: length)
    }

    @Test(
        arguments: [
            ("bytes=0-0", 0, 0), ("bytes=0-99", 0, 99), ("bytes=5-9", 5, 9), ("bytes=99-99", 99, 99),
            ("bytes=0-", 0, 99),
            ("bytes=99-", 99, 99), ("bytes=50-1000", 50, 99), ("bytes=-1", 99, 99), ("bytes=-100", 0, 99),
            ("bytes=-1000", 0, 99),
            ("Bytes=0-1", 0, 1), ("bytes= 0-1 ", 0, 1), ("bytes=00-01", 0, 1), ("bytes=0-18446744073709551615", 0, 99),
            ("bytes=0-99999999999999999999999", 0, 99), ("bytes=-99999999999999999999999", 0, 99),
        ] as [(String, UInt64, UInt64)])
    func selectsPartOfAHundredBytes(text: String, first: UInt64, last: UInt64) {
        #expect(select(text, of: 100) == ByteRange(first: first, last: last).map(RangeSelection.partial))
    }

    @Test(arguments: [
        "bytes=100-", "bytes=100-200", "bytes=-0", "bytes=-00", "bytes=18446744073709551615-",
        "bytes=99999999999999999999999-", "bytes=99999999999999999999999-99999999999999999999999",
    ])
    func findsNothingToSelect(text: String) {
        #expect(select(text, of: 100) == .unsatisfiable)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=5", "bytes=+5-6", "bytes=5--6", "bytes=--5",
        "bytes=-+5",
        "bytes=0-1,3-4", "bytes=0-1, 3-4", "bytes=-1,0-1", "bytes=0-1,", "bytes=,0-1", "bytes=100-,-0", "items=0-1",
        "byte=0-1",
        "bytes 0-1", "bytes:0-1", "bytes=0 - 1", "bytes=0-1x", "bytes =0-1", "0-1", "bytes=0x1-2", "bytes==0-1",
        "bytesx0-1",
    ])
    func answersWithTheWhole(text: String) {
        #expect(select(text, of: 100) == .whole)
    }

    @Test func copesWithExtremeLengths() {
        #expect(select("bytes=0-", of: 0) == .unsatisfiable)
        #expect(select("bytes=0-0", of: 0) == .unsatisfiable)
        #expect(select("bytes=-5", of: 0) == .whole)
        #expect(select("bytes=-0", of: 0) == .unsatisfiable)
        #expect(select("bytes=0-", of: .max) == ByteRange(first: 0, last: .max - 1).map(RangeSelection.partial))
        #expect(
            select("bytes=-1", of: .max)
                == ByteRange(first: .max - 1, last: .max - 1).map(RangeSelection.partial))
    }

    @Test func isNeverEmptyOrOverflowing() {
        #expect(ByteRange(first: 1, last: 0) == nil)
        #expect(ByteRange(first: 0, last: .max) == nil)
        #expect(ByteRange(first: 1, last: .max)?.count == .max)
    }
}
