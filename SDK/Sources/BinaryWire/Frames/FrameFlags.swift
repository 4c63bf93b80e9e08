/// docs/binary-protocol.md, section 4. A bit without a name here must be zero on the wire.
public struct FrameFlags: OptionSet, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The frame answers the one with the same request id.
    public static var response: FrameFlags { FrameFlags(rawValue: 1) }
    static var known: FrameFlags { .response }
}
