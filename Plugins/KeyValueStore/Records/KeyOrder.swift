import Glibc

/// The order in which a store keeps its keys: by a number that is made from the key, then by the key itself.
package enum KeyOrder: Equatable, Sendable {
    /// As unsigned bytes, and a prefix before longer keys. A store in this order can be scanned by prefix, and its keys have versions.
    case bytes
    /// By a hash of the key. A store in this order is divided into shards, and a position in it is a number.
    case hash

    /// Whether each key has a version: `ShardContents.lastVersion`.
    var hasVersions: Bool { self == .bytes }

    @inline(__always)
    func leading(_ key: UnsafeRawBufferPointer) -> UInt64 {
        switch self {
        case .bytes: key.leadingBytes
        case .hash: key.hash
        }
    }

    @inline(__always)
    func searchKey(_ key: UnsafeRawBufferPointer) -> SearchKey { SearchKey(leading: leading(key), bytes: key) }
}

/// A key with the number that decides most comparisons, without reading a record.
struct SearchKey {
    let leading: UInt64
    let bytes: UnsafeRawBufferPointer
}

/// Below 0: `left` comes first; 0: equal.
func compareKeys(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let shared = min(left.count, right.count)
    if shared > 0, let one = left.baseAddress, let other = right.baseAddress {
        let order = memcmp(one, other, shared)
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}

extension UnsafeRawBufferPointer {
    /// The first eight bytes as a number in the same order as the keys.
    var leadingBytes: UInt64 {
        if count >= 8 { return UInt64(bigEndian: loadUnaligned(as: UInt64.self)) }
        var leading: UInt64 = 0
        for byte in self { leading = leading << 8 | UInt64(byte) }
        return count == 0 ? 0 : leading << UInt64(8 * (8 - count))
    }

    func begins(with prefix: UnsafeRawBufferPointer) -> Bool {
        guard count >= prefix.count else { return false }
        guard let start = baseAddress, let other = prefix.baseAddress else { return prefix.isEmpty }
        return memcmp(start, other, prefix.count) == 0
    }
}
