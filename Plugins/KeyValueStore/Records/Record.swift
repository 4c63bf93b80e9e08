import Glibc

/// A key and its value in one block of memory: header, version and deadline if there are any, key, value.
///
/// A pointer without a reference count, so that finding a record costs no atomic operation. The store owns its records; the
/// code that removes one frees it. The lock of the record's shard protects its contents.
struct Record: BitwiseCopyable, @unchecked Sendable {
    /// Also the head of an entry in a piece of a saved store: `PieceHead`.
    struct Header: BitwiseCopyable {
        var valueBytes: UInt32
        var keyBytes: UInt16
        var flags: UInt16

        /// In `flags`: how many words of 8 bytes are between the header and the key; and whether the first of them is a version. The last
        /// of the others is the deadline.
        private static var words: UInt16 { 3 }
        private static var versioned: UInt16 { 4 }
        static var bytes: Int { 8 }

        /// Of a record without a version, with a deadline or not, and of one with a version.
        static var flagsWithoutVersion: ClosedRange<UInt16> { 0...1 }
        static var flagsWithVersion: ClosedRange<UInt16> { 5...6 }

        static func flags(isVersioned: Bool, expires: Bool) -> UInt16 {
            (isVersioned ? versioned + 1 : 0) + (expires ? 1 : 0)
        }

        var isVersioned: Bool { flags & Self.versioned != 0 }
        var expires: Bool { flags & Self.words > flags / Self.versioned }
        var prefixBytes: Int { Self.bytes + 8 * Int(flags & Self.words) }
        /// Of the whole record.
        var byteCount: Int { prefixBytes + Int(keyBytes) + Int(valueBytes) }
    }

    /// The memory for a key besides itself and its value: header, the unused rest of its block, and two entries in a leaf that
    /// is half full.
    package static var overheadBytes: Int { 56 }
    package static var longestKey: Int { Int(UInt16.max) }

    let base: UnsafeMutableRawPointer

    /// nil: no memory, or longer than a store allows.
    ///
    /// - Parameter isVersioned: it has room for a version, which the shard sets.
    init?(key: UnsafeRawBufferPointer, valueBytes: Int, deadline: Int64 = 0, isVersioned: Bool) {
        guard let keyBytes = UInt16(exactly: key.count), let valueBytes = UInt32(exactly: valueBytes) else {
            return nil
        }
        let flags = Header.flags(isVersioned: isVersioned, expires: deadline != 0)
        let header = Header(valueBytes: valueBytes, keyBytes: keyBytes, flags: flags)
        guard let base = StoreHeap.allocate(header.byteCount) else { return nil }
        self.base = base
        base.storeBytes(of: header, as: Header.self)
        if deadline != 0 { base.storeBytes(of: deadline, toByteOffset: header.prefixBytes - 8, as: Int64.self) }
        if let from = key.baseAddress { memcpy(base + header.prefixBytes, from, key.count) }
    }

    init?(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, deadline: Int64 = 0, isVersioned: Bool
    ) {
        self.init(key: key, valueBytes: value.count, deadline: deadline, isVersioned: isVersioned)
        copyValue(from: value)
    }

    /// Memory for a record with this header, whose other bytes the caller fills in. nil: no memory.
    init?(header: Header) {
        guard let base = StoreHeap.allocate(header.byteCount) else { return nil }
        self.base = base
        base.storeBytes(of: header, as: Header.self)
    }

    func deallocate() { StoreHeap.free(base, byteCount) }

    var header: Header { base.load(as: Header.self) }
    var keyBytes: Int { Int(header.keyBytes) }
    var valueBytes: Int { Int(header.valueBytes) }
    /// The size of the record, without the unused rest of its block.
    var byteCount: Int { header.byteCount }

    /// The memory that the record takes in a store.
    var storedBytes: Int { byteCount - Header.bytes + Self.overheadBytes }

    /// Milliseconds since 1970 at which the record expires; 0: never.
    var deadline: Int64 {
        let header = header
        return header.expires ? base.load(fromByteOffset: header.prefixBytes - 8, as: Int64.self) : 0
    }

    /// Of a record in a store with versions.
    var version: UInt64 {
        get {
            assert(header.isVersioned, "the version of a record without one")
            return base.load(fromByteOffset: Header.bytes, as: UInt64.self)
        }
        nonmutating set {
            assert(header.isVersioned, "a version for a record without one")
            base.storeBytes(of: newValue, toByteOffset: Header.bytes, as: UInt64.self)
        }
    }

    func isExpired(_ now: Int64) -> Bool {
        let deadline = deadline
        return deadline != 0 && deadline <= now
    }

    /// Valid until the record changes or is freed.
    var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + header.prefixBytes, count: keyBytes) }
    var value: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + header.prefixBytes + keyBytes, count: valueBytes)
    }

    func copyValue(from source: UnsafeRawBufferPointer) {
        assert(source.count == valueBytes, "a value of another size")
        if let from = source.baseAddress { memcpy(base + header.prefixBytes + keyBytes, from, source.count) }
    }

    /// Changes the size of the value and the deadline within the record's block. The bytes of the value that stay keep their
    /// contents; new ones have any. Returns false if another block is needed: nothing has changed then.
    func resize(valueBytes: Int, deadline: Int64) -> Bool {
        let old = header
        var new = old
        guard let count = UInt32(exactly: valueBytes) else { return false }
        new.valueBytes = count
        new.flags = Header.flags(isVersioned: old.isVersioned, expires: deadline != 0)
        guard StoreHeap.isSameBlock(old.byteCount, new.byteCount) else { return false }
        if new.prefixBytes != old.prefixBytes {
            let kept = Int(old.keyBytes) + min(Int(old.valueBytes), valueBytes)
            memmove(base + new.prefixBytes, base + old.prefixBytes, kept)
        }
        base.storeBytes(of: new, as: Header.self)
        if deadline != 0 { base.storeBytes(of: deadline, toByteOffset: new.prefixBytes - 8, as: Int64.self) }
        return true
    }
}
