/// The payload of get and delete is the key itself: docs/binary-protocol.md, sections 8.4 and 8.6.
public struct KeyRequest: Equatable, Sendable {
    public let key: Range<Int>

    public init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(0, in: payload)
        guard WireLimits.allows(keyBytes: payload.count) else { throw .invalidKey }
        key = payload
    }
}
