import MartletKit
// The input of peers, for tests in general.
@_exported import TestInput

extension LengthPrefix {
    /// A frame as a peer sends it: the prefix, then the payload.
    public func frame(_ payload: [UInt8]) -> [UInt8] {
        let length = UInt64(payload.count)
        precondition(
            length <= largestLength, "a payload of \(length) bytes: the prefix allows at most \(largestLength)")
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
        switch self {
        case .uint8, .uint16LittleEndian, .uint32LittleEndian, .uint64LittleEndian: return bytes + payload
        case .uint16BigEndian, .uint32BigEndian, .uint64BigEndian: return bytes.reversed() + payload
        }
    }
}
