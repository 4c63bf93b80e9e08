import Glibc
import HTTPWire

/// Tells one state of a file from another, without reading the file.
struct FileIdentity: Equatable {
    let device: UInt64
    let inode: UInt64
    /// Bytes.
    let size: UInt64
    let modifiedSeconds: Int64
    let modifiedNanoseconds: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = UInt64(max(status.st_size, 0))
        modifiedSeconds = Int64(status.st_mtim.tv_sec)
        modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
    }

    /// A strong validator (RFC 9110 8.8.1): different content has a different inode, size or time in nanoseconds.
    var entityTag: EntityTagText { EntityTagText(self) }
}

/// `"inode-size-time"` in hexadecimal digits, with its quotes (RFC 9110 8.8.3).
struct EntityTagText {
    private var bytes = InlineArray<56, UInt8>(repeating: 0)
    private(set) var count = 0

    init(_ identity: FileIdentity) {
        let time = identity.modifiedSeconds &* 1_000_000_000 &+ identity.modifiedNanoseconds
        append(UInt8(ascii: "\""))
        append(identity.inode)
        append(UInt8(ascii: "-"))
        append(identity.size)
        append(UInt8(ascii: "-"))
        append(UInt64(bitPattern: time))
        append(UInt8(ascii: "\""))
    }

    func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result { body(bytes.span.extracting(0..<count).bytes) }

    private mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    private mutating func append(_ number: UInt64) {
        var shift = max(0, (63 - number.leadingZeroBitCount) / 4 * 4)
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 15
            append(digit < 10 ? 0x30 + digit : 0x61 - 10 + digit)
            shift -= 4
        }
    }
}
