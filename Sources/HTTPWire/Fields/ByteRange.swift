/// Part of a representation: the offsets of its first and last byte, both included, as in `Content-Range`.
package struct ByteRange: Equatable, Sendable {
    package let first: UInt64
    package let last: UInt64

    /// In bytes.
    package var count: UInt64 { last - first + 1 }

    /// Nil unless `first <= last` and the count fits in 64 bits.
    package init?(first: UInt64, last: UInt64) {
        guard first <= last, last - first < .max else { return nil }
        self.first = first
        self.last = last
    }
}

/// What a `Range` field asks for (RFC 9110 section 14).
package enum RangeSelection: Equatable, Sendable {
    /// Answer 200 with everything: there is no `Range`, or one that we ignore.
    case whole
    /// Answer 206.
    case partial(ByteRange)
    /// Answer 416 with `Content-Range: bytes */length`.
    case unsatisfiable

    /// Applies the value of a `Range` field to a representation of `length` bytes.
    ///
    /// Several ranges, other units and malformed values are answered with the whole representation: 14.2 lets a server ignore
    /// `Range`, and multipart answers to many small ranges are a known way to make a server work hard.
    package init(_ value: BufferRange, in input: RawSpan, length: UInt64) {
        self = .whole
        guard value.count > 6,
            input.matches("bytes", ignoringCaseIn: BufferRange(value.lower, value.lower + 5)),
            input.byte(at: value.lower + 5) == ASCII.equals
        else { return }
        let specifier = input.trimmed(value.lower + 6, value.upper)
        let dash = input.first(ASCII.hyphen, from: specifier.lower, to: specifier.upper)
        guard dash < specifier.upper else { return }
        let left = BufferRange(specifier.lower, dash)
        let right = BufferRange(dash + 1, specifier.upper)
        // A comma is not a digit, so both functions return `whole` for a list of ranges.
        self = left.isEmpty ? Self.suffix(right, input, length) : Self.span(left, right, input, length)
    }

    /// suffix-range = "-" suffix-length: the last bytes; a number above `length` means all (14.1.2).
    private static func suffix(_ right: BufferRange, _ input: RawSpan, _ length: UInt64) -> RangeSelection {
        guard let count = DecimalNumber.parseSaturating(right, in: input) else { return .whole }
        guard count > 0 else { return .unsatisfiable }
        // An empty representation satisfies the range, but has no bytes that a Content-Range could name.
        guard length > 0, let range = ByteRange(first: length - min(count, length), last: length - 1) else {
            return .whole
        }
        return .partial(range)
    }

    /// int-range = first-pos "-" [ last-pos ]
    private static func span(
        _ left: BufferRange, _ right: BufferRange, _ input: RawSpan, _ length: UInt64
    ) -> RangeSelection {
        guard let first = DecimalNumber.parseSaturating(left, in: input),
            let last = right.isEmpty ? .max : DecimalNumber.parseSaturating(right, in: input),
            first <= last
        else { return .whole }
        guard first < length, let range = ByteRange(first: first, last: min(last, length - 1)) else {
            return .unsatisfiable
        }
        return .partial(range)
    }
}
