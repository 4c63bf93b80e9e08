/// The code in an error frame: docs/binary-protocol.md, section 7.
///
/// A struct, because a client must accept codes that a later server adds. It has two bytes, so throwing it allocates nothing.
package struct ErrorCode: RawRepresentable, Error, Hashable, Sendable, BitwiseCopyable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    private init(_ rawValue: UInt16) { self.rawValue = rawValue }

    // Errors of the framing.
    package static var badMagic: Self { Self(1) }
    package static var corruptHeader: Self { Self(2) }
    package static var corruptFrame: Self { Self(3) }
    package static var unsupportedVersion: Self { Self(4) }
    package static var payloadTooLarge: Self { Self(5) }
    package static var unknownOpcode: Self { Self(6) }
    package static var invalidFlags: Self { Self(7) }
    package static var malformedPayload: Self { Self(8) }
    package static var wrongState: Self { Self(9) }
    package static var truncatedFrame: Self { Self(10) }
    package static var invalidRequestID: Self { Self(11) }
    package static var heartbeatTimeout: Self { Self(12) }

    // Errors of an operation in a valid frame. The connection always stays open.
    package static var invalidKey: Self { Self(64) }
    package static var valueTooLarge: Self { Self(65) }
    package static var answerTooLarge: Self { Self(66) }
    package static var storeFull: Self { Self(67) }
    package static var draining: Self { Self(68) }
    package static var busy: Self { Self(69) }
    package static var notPermitted: Self { Self(70) }
    package static var internalError: Self { Self(71) }

    /// True when the frame's length is known to be right, so the stream continues after it.
    var leavesStreamInStep: Bool {
        switch self {
        case .corruptFrame, .unknownOpcode, .invalidFlags, .malformedPayload: true
        default: rawValue >= Self.invalidKey.rawValue
        }
    }
}
