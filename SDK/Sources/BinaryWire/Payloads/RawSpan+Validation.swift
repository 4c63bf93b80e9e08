extension RawSpan {
    /// Throws `malformedPayload` unless the payload has at least its fixed fields. Every payload view begins here, so
    /// that a range from elsewhere cannot make the codec trap.
    func requireFields(_ fixedBytes: Int, in payload: Range<Int>) throws(ErrorCode) {
        guard payload.lowerBound >= 0, payload.upperBound <= byteCount, payload.count >= fixedBytes else {
            throw .malformedPayload
        }
    }

    /// A name is logged and shown on terminals, so control characters are refused.
    func isName(_ range: Range<Int>) -> Bool {
        guard range.count <= WireLimits.nameBytes, isUTF8(range) else { return false }
        for offset in range {
            let byte = littleEndian(at: offset, as: UInt8.self)
            if byte < 0x20 || byte == 0x7F { return false }
        }
        return true
    }

    func isText(_ range: Range<Int>) -> Bool { range.count <= WireLimits.textBytes && isUTF8(range) }

    /// Keys are ordered as unsigned bytes. A prefix comes before the keys that begin with it.
    func isKey(_ left: Range<Int>, orderedBefore right: Range<Int>) -> Bool {
        for step in 0..<min(left.count, right.count) {
            let one = littleEndian(at: left.lowerBound + step, as: UInt8.self)
            let other = littleEndian(at: right.lowerBound + step, as: UInt8.self)
            if one != other { return one < other }
        }
        return left.count < right.count
    }
}

extension WireLimits {
    static func allows(keyBytes count: Int) -> Bool { 1...keyBytes ~= count }
    static func allows(maximumPayload bytes: UInt32) -> Bool {
        smallestMaximumPayload...largestMaximumPayload ~= Int(bytes)
    }
    static func allows(heartbeatMilliseconds interval: UInt32) -> Bool {
        interval == 0 || Int(interval) >= shortestHeartbeatMilliseconds
    }
}
