/// The request fields that change how a request is parsed, or that a file server needs for each request.
package enum KnownField: UInt8, Sendable {
    case host, connection, contentLength, transferEncoding, expect
    case ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince, ifRange, range
    case acceptEncoding, userAgent, referer

    package struct Set: Sendable {
        private var bits: UInt16 = 0

        package init() {}

        package func contains(_ field: KnownField) -> Bool { bits & Self.bit(field) != 0 }

        /// Returns false when the field was already in the set.
        @inline(__always)
        mutating func insert(_ field: KnownField) -> Bool {
            let bit = Self.bit(field)
            let isNew = bits & bit == 0
            bits |= bit
            return isNew
        }

        @inline(__always)
        private static func bit(_ field: KnownField) -> UInt16 { 1 &<< UInt16(field.rawValue) }
    }

    /// The length decides which one or two names to compare with; most fields of most requests end here without a
    /// comparison. `name` is a token, and never empty.
    @inline(__always)
    init?(_ name: BufferRange, in input: RawSpan) {
        let candidate: KnownField
        let start = name.lower
        switch name.count {
        case 4 where input.matches("host", ignoringCaseAt: start): candidate = .host
        case 5 where input.matches("range", ignoringCaseAt: start): candidate = .range
        case 6 where input.matches("expect", ignoringCaseAt: start): candidate = .expect
        case 7 where input.matches("referer", ignoringCaseAt: start): candidate = .referer
        case 8 where input.matches("if-match", ignoringCaseAt: start): candidate = .ifMatch
        case 8 where input.matches("if-range", ignoringCaseAt: start): candidate = .ifRange
        case 10 where input.matches("user-agent", ignoringCaseAt: start): candidate = .userAgent
        case 10 where input.matches("connection", ignoringCaseAt: start): candidate = .connection
        case 13 where input.matches("if-none-match", ignoringCaseAt: start): candidate = .ifNoneMatch
        case 14 where input.matches("content-length", ignoringCaseAt: start): candidate = .contentLength
        case 15 where input.matches("accept-encoding", ignoringCaseAt: start): candidate = .acceptEncoding
        case 17 where input.matches("transfer-encoding", ignoringCaseAt: start): candidate = .transferEncoding
        case 17 where input.matches("if-modified-since", ignoringCaseAt: start): candidate = .ifModifiedSince
        case 19 where input.matches("if-unmodified-since", ignoringCaseAt: start): candidate = .ifUnmodifiedSince
        default: return nil
        }
        self = candidate
    }
}
