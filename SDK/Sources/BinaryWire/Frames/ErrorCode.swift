/// The code in an error frame: docs/binary-protocol.md, section 7.
///
/// A struct, because a client must accept codes that a later server adds. It has two bytes, so throwing it allocates nothing.
public struct ErrorCode: RawRepresentable, Error, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    private init(_ rawValue: UInt16) { self.rawValue = rawValue }

    // Errors of the framing.
    public static var badMagic: Self { Self(1) }
    public static var corruptHeader: Self { Self(2) }
    public static var corruptFrame: Self { Self(3) }
    public static var unsupportedVersion: Self { Self(4) }
    public static var payloadTooLarge: Self { Self(5) }
    public static var unknownOpcode: Self { Self(6) }
    public static var invalidFlags: Self { Self(7) }
    public static var malformedPayload: Self { Self(8) }
    public static var wrongState: Self { Self(9) }
    public static var truncatedFrame: Self { Self(10) }
    public static var invalidRequestID: Self { Self(11) }
    public static var heartbeatTimeout: Self { Self(12) }

    // Errors of an operation in a valid frame. The connection always stays open.
    public static var invalidKey: Self { Self(64) }
    public static var valueTooLarge: Self { Self(65) }
    public static var answerTooLarge: Self { Self(66) }
    public static var storeFull: Self { Self(67) }
    public static var draining: Self { Self(68) }
    public static var busy: Self { Self(69) }
    public static var notPermitted: Self { Self(70) }
    public static var internalError: Self { Self(71) }
    public static var outcomeUnknown: Self { Self(72) }
    public static var authenticationRequired: Self { Self(73) }
    public static var authenticationFailed: Self { Self(74) }
    public static var authenticationLimited: Self { Self(75) }

    /// True when the frame's length is known to be right, so the stream continues after it.
    var leavesStreamInStep: Bool {
        switch self {
        case .corruptFrame, .unknownOpcode, .invalidFlags, .malformedPayload: true
        default: rawValue >= Self.invalidKey.rawValue
        }
    }
}
