@testable import MartletKit

extension LengthPrefix {
    /// A frame as a peer sends it: the prefix, then the payload.
    func frame(_ payload: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: byteCount)
        bytes.withUnsafeMutableBytes { write(UInt64(payload.count), to: $0.baseAddress!) }
        return bytes + payload
    }
}
