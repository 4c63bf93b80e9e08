/// Why a server is about to close. A client accepts numbers that it does not know.
public struct GoodbyeReason: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public static var shutdown: Self { Self(rawValue: 1) }
    public static var reload: Self { Self(rawValue: 2) }
    public static var lifetime: Self { Self(rawValue: 3) }
    public static var overload: Self { Self(rawValue: 4) }
    /// The connection closes for a reason that the plugin does not know. A client finishes and reconnects.
    public static var draining: Self { Self(rawValue: 5) }
}

extension GoodbyeReason: CustomStringConvertible {
    public var description: String {
        let name: String? =
            switch self {
            case .shutdown: "shutdown"
            case .reload: "reload"
            case .lifetime: "lifetime reached"
            case .overload: "overload"
            case .draining: "draining"
            default: nil
            }
        return name.map { "\(rawValue), \($0)" } ?? "\(rawValue)"
    }
}

/// docs/binary-protocol.md, section 8.8. Ranges index the span that was read.
public struct Goodbye: Equatable, Sendable {
    public let reason: GoodbyeReason
    /// The server closes this long after the notice, finished or not.
    public let graceMilliseconds: UInt32
    public let text: Range<Int>

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        reason = GoodbyeReason(rawValue: bytes.littleEndian(at: start, as: UInt16.self))
        let reserved = bytes.littleEndian(at: start + 2, as: UInt16.self)
        graceMilliseconds = bytes.littleEndian(at: start + 4, as: UInt32.self)
        text = start + Self.fixedBytes..<payload.upperBound
        guard reason.rawValue != 0, reserved == 0, bytes.isText(text) else { throw .malformedPayload }
    }
}
