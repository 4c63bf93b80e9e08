@testable import BinaryWire

/// A frame that may have fields that the encoder would not write. Both checks are correct.
struct RawFrame {
    var version: UInt8 = 1
    var opcode: UInt8 = 0x10
    var flags: UInt16 = 0
    var requestID: UInt32 = 1
    var payload: [UInt8] = []
    /// The length in the header; nil: the actual length.
    var claimedLength: UInt32?

    var bytes: [UInt8] {
        var frame: [UInt8] = [0xBD, 0x4D, 0x42, 0x0A, version, opcode]
        frame += littleEndian(flags) + littleEndian(requestID)
        frame += littleEndian(claimedLength ?? UInt32(payload.count))
        var check = CRC32C()
        check.fold(frame.span.bytes)
        let headerCheck = check.checksum
        check.fold(payload.span.bytes)
        return frame + littleEndian(headerCheck) + littleEndian(check.checksum) + payload
    }
}

func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}
