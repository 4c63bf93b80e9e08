import Glibc

/// Finds lines in what `received` gets, in place: no line is copied, nothing is allocated.
///
/// A line ends with LF or CRLF; the ending is no part of it. Keep the reader in the session: it remembers how far it has
/// searched an unfinished line, so that a line that comes byte by byte is searched once, not once for each byte.
///
///     var lines = LineReader(maximum: 1_024)
///
///     mutating func received(
///         _ input: Span<UInt8>, from connection: Connection<Chat>
///     ) throws(SessionError) -> Int {
///         var position = 0
///         while let line = lines.next(in: input, at: &position) {
///             guard !line.isTooLong else { throw .peer }
///             if connection.writeLine(input.extracting(line.bytes)) == .full { break }
///         }
///         return position
///     }
///
/// Return `position`, or the start of the last line (of one that is not too long) to have it presented again. Before
/// returning any other number call `forget()`: what was searched is then no longer what comes first.
///
/// A session that moves to another generation makes a new reader, which searches the unfinished line once more.
@frozen
public struct LineReader: Sendable {
    /// A line, as a part of the input.
    @frozen
    public struct Line: Sendable {
        /// Where the line stands in the input, without its ending. Of a line that is too long: its first bytes, `maximum` of
        /// them.
        public let bytes: Range<Int>
        /// The line has more than `maximum` bytes; perhaps its end has not come yet. The session decides what that means:
        /// a session that goes on reading gets the next line, and the rest of this one is consumed unseen (skip it); it may
        /// use `bytes` (cut it), or close or abort the connection (refuse it).
        public let isTooLong: Bool

        @inlinable
        init(bytes: Range<Int>, isTooLong: Bool) {
            self.bytes = bytes
            self.isTooLong = isTooLong
        }
    }

    /// The most bytes that a line may have, without its ending. The host holds at most `limits.max_input` bytes of an
    /// unfinished line.
    public let maximum: Int

    /// Bytes behind the position that hold no LF.
    @usableFromInline var searched = 0
    /// Within a line that is too long: whatever comes up to an LF belongs to it.
    @usableFromInline var isSkipping = false

    /// - Parameter maximum: bytes of a line without its ending, from 0 to 2^31.
    @inlinable
    public init(maximum: Int) {
        precondition(maximum >= 0 && maximum <= 1 << 31, "a maximum of \(maximum) bytes")
        self.maximum = maximum
    }

    /// The next whole line of the input at `position`, which moves behind the line's ending. nil: there is none yet.
    ///
    /// Whatever pieces the input comes in, the lines are the same. [loop]
    @inlinable
    public mutating func next(in input: Span<UInt8>, at position: inout Int) -> Line? {
        if isSkipping {
            guard let end = Self.indexOfLF(in: input, from: position, to: input.count) else {
                position = input.count
                return nil
            }
            position = end + 1
            isSkipping = false
        }
        let start = position
        // One byte more than the longest line and its ending: what lies behind cannot make it any shorter.
        let limit = min(input.count, start + maximum + 2)
        guard let end = Self.indexOfLF(in: input, from: min(start + searched, limit), to: limit) else {
            return unfinished(in: input, from: start, to: limit, &position)
        }
        searched = 0
        let content = end > start && input[end - 1] == 0x0D ? end - 1 : end
        position = end + 1
        guard content - start <= maximum else { return Line(bytes: start..<start + maximum, isTooLong: true) }
        return Line(bytes: start..<content, isTooLong: false)
    }

    /// Forgets what was searched and skipped: for a session that consumes another number of bytes than `position`.
    @inlinable
    public mutating func forget() {
        searched = 0
        isSkipping = false
    }

    /// No LF up to `limit`: the line is too long, or its end is still to come.
    @inlinable
    mutating func unfinished(in input: Span<UInt8>, from start: Int, to limit: Int, _ position: inout Int) -> Line? {
        let count = limit - start
        // A CR at the end may be half of the line's ending.
        guard count > maximum + 1 || (count == maximum + 1 && input[limit - 1] != 0x0D) else {
            searched = count
            return nil
        }
        searched = 0
        isSkipping = true
        position = limit
        return Line(bytes: start..<start + maximum, isTooLong: true)
    }

    @inlinable
    static func indexOfLF(in input: Span<UInt8>, from start: Int, to end: Int) -> Int? {
        guard start < end else { return nil }
        return input.withUnsafeBufferPointer { bytes in
            guard let found = memchr(bytes.baseAddress! + start, 0x0A, end - start) else { return nil }
            return UnsafeRawPointer(found) - UnsafeRawPointer(bytes.baseAddress!)
        }
    }
}
