/// Finds length-prefixed frames in what `received` gets, in place: nothing is copied, nothing is allocated. The bytes of a prefix
/// are read each time that they are presented; those of a payload not at all.
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
/// Return `position`, or one that stands between two frames. With `want` a large frame is presented once it is whole; without it
/// the frame is presented again with each segment that comes. The reader knows nothing but how much of a frame that is too
/// long is left to skip, so a session that refuses such frames can make one for each call.
@frozen
public struct FrameReader: Sendable {
    /// A frame, as a part of the input.
    @frozen
    public struct Frame: Sendable {
        /// Where the payload stands in the input, behind the prefix. Empty when the frame is too long.
        public let payload: Range<Int>
        /// What the prefix says, in bytes.
        public let length: UInt64
        /// The prefix announces more than `maximum`. The session decides what that means: one that goes on reading gets the
        /// next frame, and the payload of this one is consumed unseen as it comes; or it closes or aborts the connection.
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
    /// The longest payload, in bytes. A frame must fit into the listener's `limits.max_input` with its prefix.
    public let maximum: Int

    /// Bytes of a frame that is too long which are still to come.
    @usableFromInline var skipped: UInt64 = 0

    /// - Parameters:
    ///   - prefix: how the length is written.
    ///   - maximum: bytes of a payload, from 0 to 2^48.
    @inlinable
    public init(_ prefix: LengthPrefix, maximum: Int) {
        precondition(maximum >= 0 && maximum <= 1 << 48, "a maximum of \(maximum) bytes")
        self.prefix = prefix
        self.maximum = maximum
    }

    /// The next whole frame of the input at `position`, which moves behind it. nil: there is none yet.
    ///
    /// A frame that is too long is told as soon as its prefix is there, without waiting for its payload. [loop]
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

    /// How many bytes the next frame takes from `position` on, for `Connection.want`: its prefix and its payload. As long as the
    /// length is not known, and when the frame is too long: those of the prefix. 0 while a frame that is too long is skipped,
    /// because its bytes are taken as they come. [loop]
    @inlinable
    public func bytesOfNextFrame(in input: Span<UInt8>, at position: Int) -> Int {
        guard skipped == 0 else { return 0 }
        guard position + prefix.byteCount <= input.count else { return prefix.byteCount }
        let length = input.withUnsafeBytes { prefix.read($0.baseAddress! + position) }
        return prefix.byteCount + (length <= UInt64(maximum) ? Int(length) : 0)
    }
}
