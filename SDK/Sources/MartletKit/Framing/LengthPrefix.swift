/// The number in front of a frame: how many bytes follow it. It does not count its own bytes.
@frozen
public enum LengthPrefix: Equatable, Sendable {
    /// One byte: up to 255.
    case uint8
    /// Two bytes, network byte order.
    case uint16BigEndian
    /// Two bytes, little-endian.
    case uint16LittleEndian
    /// Four bytes, network byte order.
    case uint32BigEndian
    /// Four bytes, little-endian.
    case uint32LittleEndian
    /// Eight bytes, network byte order.
    case uint64BigEndian
    /// Eight bytes, little-endian.
    case uint64LittleEndian

    /// The size of the prefix in bytes: 1, 2, 4 or 8.
    @inlinable
    public var byteCount: Int {
        switch self {
        case .uint8: 1
        case .uint16BigEndian, .uint16LittleEndian: 2
        case .uint32BigEndian, .uint32LittleEndian: 4
        case .uint64BigEndian, .uint64LittleEndian: 8
        }
    }

    /// The longest payload that the prefix can announce, in bytes.
    @inlinable
    public var largestLength: UInt64 { .max >> (64 - 8 * UInt64(byteCount)) }

    /// Reads the prefix; `bytes` points to at least `byteCount` bytes.
    @inlinable
    func read(_ bytes: UnsafeRawPointer) -> UInt64 {
        switch self {
        case .uint8: UInt64(bytes.load(as: UInt8.self))
        case .uint16BigEndian: UInt64(UInt16(bigEndian: bytes.loadUnaligned(as: UInt16.self)))
        case .uint16LittleEndian: UInt64(UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self)))
        case .uint32BigEndian: UInt64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        case .uint32LittleEndian: UInt64(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        case .uint64BigEndian: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        case .uint64LittleEndian: UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        }
    }

    /// Writes the prefix for a length of at most `largestLength`; `bytes` has room for `byteCount` bytes.
    @inlinable
    func write(_ length: UInt64, to bytes: UnsafeMutableRawPointer) {
        switch self {
        case .uint8: bytes.storeBytes(of: UInt8(truncatingIfNeeded: length), as: UInt8.self)
        case .uint16BigEndian: bytes.storeBytes(of: UInt16(truncatingIfNeeded: length).bigEndian, as: UInt16.self)
        case .uint16LittleEndian: bytes.storeBytes(of: UInt16(truncatingIfNeeded: length).littleEndian, as: UInt16.self)
        case .uint32BigEndian: bytes.storeBytes(of: UInt32(truncatingIfNeeded: length).bigEndian, as: UInt32.self)
        case .uint32LittleEndian: bytes.storeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian, as: UInt32.self)
        case .uint64BigEndian: bytes.storeBytes(of: length.bigEndian, as: UInt64.self)
        case .uint64LittleEndian: bytes.storeBytes(of: length.littleEndian, as: UInt64.self)
        }
    }
}
