/// How a store is written in pieces, so that another generation of a plugin, another image, can read it: bytes only.
///
/// A piece has at most 1 MiB: a head of 48 bytes, then entries, or a part of one entry that is larger than a piece. Numbers are
/// little-endian. The first piece exists even if the store is empty.
///
///     offset  bytes
///      0      4      0x5345_564B, "KVES"
///      4      2      version: 1, or 2 if the keys have versions
///      6      2      kind: 0 entries, 1 part of an entry
///      8      4      number of this piece, from 0
///     12      4      entries in this piece; of a part: the offset of the part in its entry
///     16      8      keys of the whole store
///     24      8      bytes of the whole store, as the store counts them
///     32      8      order: 0 bytes, 1 hashes
///     40      8      the largest version that a key has or had; 0 in version 1
///
/// An entry is a record as it lies in memory, then zeros up to a multiple of 8 bytes. Entries are in the order of the store.
///
///     offset  bytes
///      0      4      bytes of the value
///      4      2      bytes of the key
///      6      2      flags. Version 1: 0, or 1 if there is a deadline. Version 2: 5, or 6 if there is a deadline
///            0 or 8 in version 2, the version of the key, above 0
///            0 or 8 deadline: milliseconds since 1970 by the wall clock, above 0
///                    key, value
struct PieceHead: Equatable {
    static let magic: UInt32 = 0x5345_564B
    /// The version of a store without and with versions of keys. One with versions also restores the other.
    static let plainVersion: UInt16 = 1
    static let versionedVersion: UInt16 = 2
    static let bytes = 48
    static let largestPiece = 1 << 20
    /// The usual size of a piece.
    static let usualPiece = 1 << 19
    static let largestPayload = largestPiece - bytes

    enum Kind: UInt16 {
        case entries = 0
        case part = 1
    }

    var kind = Kind.entries
    var number: UInt32 = 0
    /// Or the offset of the part.
    var entries: UInt32 = 0
    var totalKeys: UInt64 = 0
    var totalBytes: UInt64 = 0
    var order = KeyOrder.bytes
    /// 0: the keys have no versions.
    var lastVersion: UInt64 = 0

    /// What the flags of an entry can be.
    var flags: ClosedRange<UInt16> {
        lastVersion > 0 ? Record.Header.flagsWithVersion : Record.Header.flagsWithoutVersion
    }

    static func paddedBytes(_ count: Int) -> Int { (count + 7) & ~7 }
}

extension PieceHead {
    func write(to memory: UnsafeMutableRawPointer) {
        memory.storeBytes(of: Self.magic.littleEndian, as: UInt32.self)
        let version = lastVersion > 0 ? Self.versionedVersion : Self.plainVersion
        memory.storeBytes(of: version.littleEndian, toByteOffset: 4, as: UInt16.self)
        memory.storeBytes(of: kind.rawValue.littleEndian, toByteOffset: 6, as: UInt16.self)
        memory.storeBytes(of: number.littleEndian, toByteOffset: 8, as: UInt32.self)
        memory.storeBytes(of: entries.littleEndian, toByteOffset: 12, as: UInt32.self)
        memory.storeBytes(of: totalKeys.littleEndian, toByteOffset: 16, as: UInt64.self)
        memory.storeBytes(of: totalBytes.littleEndian, toByteOffset: 24, as: UInt64.self)
        memory.storeBytes(of: (order == .bytes ? 0 : 1 as UInt64).littleEndian, toByteOffset: 32, as: UInt64.self)
        memory.storeBytes(of: lastVersion.littleEndian, toByteOffset: 40, as: UInt64.self)
    }

    init(_ piece: UnsafeRawBufferPointer) throws(PieceError) {
        guard piece.count >= Self.bytes else { throw .tooShort(bytes: piece.count) }
        func number<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
            Value(littleEndian: piece.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
        guard number(0, UInt32.self) == Self.magic else { throw .notAPiece }
        let version = number(4, UInt16.self)
        guard version == Self.plainVersion || version == Self.versionedVersion else {
            throw .unknownVersion(Int(version))
        }
        guard piece.count <= Self.largestPiece else {
            throw .malformed("more than a piece may have", offset: piece.count)
        }
        guard let kind = Kind(rawValue: number(6, UInt16.self)) else { throw .malformed("an unknown kind", offset: 6) }
        self.kind = kind
        self.number = number(8, UInt32.self)
        entries = number(12, UInt32.self)
        totalKeys = number(16, UInt64.self)
        totalBytes = number(24, UInt64.self)
        lastVersion = number(40, UInt64.self)
        guard (lastVersion > 0) == (version == Self.versionedVersion) else {
            throw .malformed("a version that the piece cannot have", offset: 40)
        }
        switch number(32, UInt64.self) {
        case 0: order = .bytes
        case 1: order = .hash
        default: throw .malformed("an unknown order", offset: 32)
        }
    }
}
