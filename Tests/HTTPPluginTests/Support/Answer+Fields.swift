import HTTPWire

extension Answer {
    /// Seconds since 1970 of the `Date` field.
    var date: Int64? { self["Date"].flatMap(Self.seconds) }

    /// Seconds since 1970 of an HTTP-date.
    static func seconds(_ text: String) -> Int64? {
        // After one byte, because offset 0 means "absent".
        let bytes = Array(" \(text)".utf8)
        let range = BufferRange(start: 1, end: UInt32(bytes.count))
        let now = HTTPDate(secondsSinceEpoch: 1_700_000_000)
        return HTTPDate(range, in: bytes.span.bytes, now: now)?.secondsSinceEpoch
    }

    /// The value of `Connection`; nil: the field is absent.
    var connection: String? { self["Connection"] }
}
