import Glibc

/// Finds lines in the input of `received`, in place: it copies nothing and allocates nothing.
///
/// A line ends with LF or CRLF; the ending is not part of the line. Keep the reader in the session: it remembers how far it has
/// searched an unfinished line. So a line that arrives byte by byte is searched once, not once for each byte.
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
/// Return `position`; or return the start of the last line, if it is not too long, to have that line presented again. Before you return any
/// other number, call `forget()`, because the next input then starts elsewhere.
///
/// A session that moves to another generation creates a new reader, which searches the unfinished line again.
@frozen
public struct LineReader: Sendable {
    /// A line, as a part of the input.
    @frozen
    public struct Line: Sendable {
        /// The position of the line in the input, without its ending. If the line is too long: its first `maximum` bytes.
        public let bytes: Range<Int>
        /// The line has more than `maximum` bytes; its end may not have arrived yet. The session decides what to do: it can continue
        /// reading, and the reader skips the rest of this line; it can also use `bytes`, the beginning of the line; or it can close or
        /// abort the connection.
        public let isTooLong: Bool

        @inlinable
        init(bytes: Range<Int>, isTooLong: Bool) {
            self.bytes = bytes
            self.isTooLong = isTooLong
        }
    }

    /// The maximum length of a line in bytes, without its ending. The host keeps at most `limits.max_input` bytes of an
    /// unfinished line.
    public let maximum: Int

    /// The number of bytes after the position that contain no LF.
    @usableFromInline var searched = 0
    /// Whether the input up to the next LF belongs to a line that is too long.
    @usableFromInline var isSkipping = false

    /// - Parameter maximum: the maximum length of a line in bytes, without its ending, from 0 to 2^31.
    @inlinable
    public init(maximum: Int) {
        precondition(maximum >= 0 && maximum <= 1 << 31, "the maximum must be from 0 to 2^31 bytes, found \(maximum)")
        self.maximum = maximum
    }

    /// Returns the next complete line of the input at `position`, and moves `position` past the line's ending. nil: there is none yet.
    ///
    /// The lines are the same, no matter how the input is split. [loop]
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
        // The longest line with a CRLF. Later bytes do not matter: without an LF up to here the line is too long.
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

    /// Forgets what was searched and skipped, for a session that does not consume exactly up to `position`.
    @inlinable
    public mutating func forget() {
        searched = 0
        isSkipping = false
    }

    /// There is no LF up to `limit`: the line is too long, or its end has not arrived yet.
    @inlinable
    mutating func unfinished(in input: Span<UInt8>, from start: Int, to limit: Int, _ position: inout Int) -> Line? {
        let count = limit - start
        // A CR at the end may be the first half of the line's ending.
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
