/// Where something is in the bytes that were parsed: two 32-bit offsets, so that a parsed head stays small and trivial.
///
/// It means nothing without those bytes: use it with the same span that was passed to the parser.
package struct BufferRange: Equatable, Sendable {
    package let start: UInt32
    package let end: UInt32

    /// The element was not sent. No field or query can start at offset 0, because a method comes first.
    @inlinable package static var absent: BufferRange { BufferRange(start: 0, end: 0) }

    @inlinable
    package init(start: UInt32, end: UInt32) {
        self.start = start
        self.end = end
    }

    /// Offsets come from a buffer that the limits keep far below 4 GiB (see `RequestLimits`).
    @inline(__always)
    init(_ start: Int, _ end: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
    }

    /// False when the element was not sent. An empty value that was sent is present.
    @inlinable package var isPresent: Bool { start != 0 }

    /// In bytes.
    @inlinable package var count: Int { Int(end) - Int(start) }

    @inlinable package var isEmpty: Bool { start == end }

    /// For `input.extracting(range.offsets)`.
    @inlinable package var offsets: Range<Int> { Int(start)..<Int(end) }

    @inline(__always) var lower: Int { Int(start) }
    @inline(__always) var upper: Int { Int(end) }
}
