import Glibc

/// A key and its value in one block of memory that does not change until it is freed: `header`, key, value.
///
/// A pointer without a reference count, so that finding a record costs no atomic operation. The store owns its records;
/// the code that removes one frees it.
struct Record: BitwiseCopyable, @unchecked Sendable {
    private struct Header: BitwiseCopyable {
        var valueBytes: UInt32
        var keyBytes: UInt16
    }

    private static var headerBytes: Int { 8 }
    /// The memory for a key besides itself and its value: header, the unused rest of its block, and two entries in a leaf that
    /// is half full.
    static var overheadBytes: Int { 56 }

    private let base: UnsafeMutableRawPointer

    /// nil: no memory, or longer than the protocol allows.
    init?(key: RawSpan, value: RawSpan) {
        guard let keyBytes = UInt16(exactly: key.byteCount), let valueBytes = UInt32(exactly: value.byteCount),
            let base = StoreHeap.allocate(Self.headerBytes + key.byteCount + value.byteCount)
        else { return nil }
        base.storeBytes(of: Header(valueBytes: valueBytes, keyBytes: keyBytes), as: Header.self)
        let keyStart = base + Self.headerBytes
        key.withUnsafeBytes { if let from = $0.baseAddress { memcpy(keyStart, from, $0.count) } }
        value.withUnsafeBytes { if let from = $0.baseAddress { memcpy(keyStart + key.byteCount, from, $0.count) } }
        self.base = base
    }

    func deallocate() { StoreHeap.free(base, Self.headerBytes + keyBytes + valueBytes) }

    private var header: Header { base.load(as: Header.self) }
    var keyBytes: Int { Int(header.keyBytes) }
    var valueBytes: Int { Int(header.valueBytes) }

    /// The memory that the record takes in a store.
    var storedBytes: Int { keyBytes + valueBytes + Self.overheadBytes }
    static func storedBytes(key: RawSpan, value: RawSpan) -> Int {
        key.byteCount + value.byteCount + overheadBytes
    }

    /// Valid until the record is freed.
    var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + Self.headerBytes, count: keyBytes) }
    var value: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Self.headerBytes + keyBytes, count: valueBytes)
    }
}
