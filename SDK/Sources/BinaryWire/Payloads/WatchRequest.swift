public enum WatchKind: UInt16, Sendable {
    case key = 0
    /// All keys that begin with it.
    case prefix = 1

    func allows(nameBytes count: Int) -> Bool { count <= WireLimits.keyBytes && (self == .prefix || count > 0) }
}

/// docs/binary-protocol.md, section 8.12. Ranges index the span that was read.
public struct WatchRequest: Equatable, Sendable {
    public let kind: WatchKind
    /// The key or the prefix.
    public let name: Range<Int>

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(Self.fixedBytes, in: payload)
        let start = payload.lowerBound
        let reserved = bytes.littleEndian(at: start, as: UInt32.self)
        let nameBytes = Int(bytes.littleEndian(at: start + 6, as: UInt16.self))
        guard reserved == 0, let kind = WatchKind(rawValue: bytes.littleEndian(at: start + 4, as: UInt16.self)),
            nameBytes == payload.count - Self.fixedBytes
        else { throw .malformedPayload }
        guard kind.allows(nameBytes: nameBytes) else { throw .invalidKey }
        self.kind = kind
        name = start + Self.fixedBytes..<payload.upperBound
    }
}

public struct WatchAnswer: Equatable, Sendable {
    /// Above 0.
    public let watch: UInt32

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        watch = try bytes.watch(at: payload)
    }
}

/// docs/binary-protocol.md, section 8.13.
public struct UnwatchRequest: Equatable, Sendable {
    public let watch: UInt32

    static var fixedBytes: Int { 8 }

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        watch = try bytes.watch(at: payload)
    }
}

extension RawSpan {
    /// A number above 0, and a reserved word.
    fileprivate func watch(at payload: Range<Int>) throws(ErrorCode) -> UInt32 {
        try requireFields(WatchAnswer.fixedBytes, in: payload)
        let watch = littleEndian(at: payload.lowerBound, as: UInt32.self)
        let reserved = littleEndian(at: payload.lowerBound + 4, as: UInt32.self)
        guard payload.count == WatchAnswer.fixedBytes, watch > 0, reserved == 0 else { throw .malformedPayload }
        return watch
    }
}
