/// Finds length-prefixed frames in the input of `received`, in place: it copies nothing and allocates nothing. It reads a prefix each time
/// that it is presented, and never reads a payload.
///
///     var frames = FrameReader(.uint32BigEndian, maximum: 64 << 10)
///
///     mutating func received(
///         _ input: Span<UInt8>, from connection: Connection<Mirror>
///     ) throws(SessionError) -> Int {
///         var position = 0
///         while let frame = frames.next(in: input, at: &position) {
///             guard !frame.isTooLong else { throw .peer }
///             if connection.writeFrame(input.extracting(frame.payload), .uint32BigEndian) == .full { break }
///         }
///         connection.want(frames.bytesOfNextFrame(in: input, at: position))
///         return position
///     }
///
/// Return `position`, or another position between two frames. With `want` the host presents a large frame once, when it is complete;
/// without it, the host presents the frame again with each segment. The only state of the reader is the number of bytes left to skip of a
/// frame that is too long. So a session that refuses such frames can create a reader for each call.
@frozen
public struct FrameReader: Sendable {
    /// A frame, as a part of the input.
    @frozen
    public struct Frame: Sendable {
        /// The position of the payload in the input, after the prefix. Empty if the frame is too long.
        public let payload: Range<Int>
        /// The length in the prefix, in bytes.
        public let length: UInt64
        /// The prefix announces more than `maximum` bytes. The session decides what to do: if it continues reading, the reader skips the
        /// payload as it arrives, and then returns the next frame; otherwise close or abort the connection.
        public let isTooLong: Bool

        @inlinable
        init(payload: Range<Int>, length: UInt64, isTooLong: Bool) {
            self.payload = payload
            self.length = length
            self.isTooLong = isTooLong
        }
    }

    /// The prefix of each frame.
    public let prefix: LengthPrefix
    /// The longest payload, in bytes. A frame with its prefix must fit into the listener's `limits.max_input`.
    public let maximum: Int

    /// The bytes left to skip of a frame that is too long.
    @usableFromInline var skipped: UInt64 = 0

    /// - Parameters:
    ///   - prefix: how the length is written.
    ///   - maximum: the longest payload in bytes, from 0 to 2^48.
    @inlinable
    public init(_ prefix: LengthPrefix, maximum: Int) {
        precondition(maximum >= 0 && maximum <= 1 << 48, "the maximum must be from 0 to 2^48 bytes, found \(maximum)")
        self.prefix = prefix
        self.maximum = maximum
    }

    /// Returns the next complete frame of the input at `position`, and moves `position` to its end. nil: there is none yet.
    ///
    /// Returns a frame that is too long as soon as its prefix has arrived, without waiting for the payload. [loop]
    @inlinable
    public mutating func next(in input: Span<UInt8>, at position: inout Int) -> Frame? {
        if skipped > 0 {
            let part = min(skipped, UInt64(input.count - position))
            skipped -= part
            position += Int(part)
            if skipped > 0 { return nil }
        }
        let start = position + prefix.byteCount
        guard start <= input.count else { return nil }
        let length = input.withUnsafeBytes { prefix.read($0.baseAddress! + position) }
        guard length <= UInt64(maximum) else {
            skipped = length
            position = start
            return Frame(payload: start..<start, length: length, isTooLong: true)
        }
        let end = start + Int(length)
        guard end <= input.count else { return nil }
        position = end
        return Frame(payload: start..<end, length: length, isTooLong: false)
    }

    /// The number of bytes of the next frame from `position` on, for `Connection.want`: prefix and payload. Only the prefix if the length
    /// is not known yet, or if the frame is too long. 0 while a frame that is too long is skipped, because its bytes are consumed as they
    /// arrive. [loop]
    @inlinable
    public func bytesOfNextFrame(in input: Span<UInt8>, at position: Int) -> Int {
        guard skipped == 0 else { return 0 }
        guard position + prefix.byteCount <= input.count else { return prefix.byteCount }
        let length = input.withUnsafeBytes { prefix.read($0.baseAddress! + position) }
        return prefix.byteCount + (length <= UInt64(maximum) ? Int(length) : 0)
    }
}
