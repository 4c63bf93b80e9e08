/// The payload of get and delete is the key itself: docs/binary-protocol.md, sections 8.4 and 8.6.
package struct KeyRequest: Equatable, Sendable {
    package let key: Range<Int>

    package init(_ bytes: RawSpan, at payload: Range<Int>) throws(ErrorCode) {
        try bytes.requireFields(0, in: payload)
        guard WireLimits.allows(keyBytes: payload.count) else { throw .invalidKey }
        key = payload
    }
}
