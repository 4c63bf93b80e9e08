import HTTPWire

/// The `Date` of answers (RFC 9110 6.6.1), formatted once a second.
struct DateOfAnswers {
    private(set) var second = Int64.min
    private(set) var text = HTTPDate(secondsSinceEpoch: 0).text

    @inline(__always)
    mutating func update(_ now: Int64) {
        if now != second { format(now) }
    }

    @inline(never)
    private mutating func format(_ now: Int64) {
        second = now
        text = HTTPDate(secondsSinceEpoch: now).text
    }
}
