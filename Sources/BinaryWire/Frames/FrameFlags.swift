/// docs/binary-protocol.md, section 4. A bit without a name here must be zero on the wire.
package struct FrameFlags: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The frame answers the one with the same request id.
    package static var response: FrameFlags { FrameFlags(rawValue: 1) }
    static var known: FrameFlags { .response }
}
