/// The bytes that one connection sends: an endless stream of pseudo-random bytes that depend on the position and the connection.
/// So a byte that is lost, doubled, moved or sent to the wrong connection shows at the first wrong byte that comes back, and
/// checking needs no copy of what was sent.
struct StreamPattern: Equatable, Sendable {
    private let seed: UInt64

    init(seed: UInt64, connection: Int) {
        self.seed = Self.mix(seed ^ Self.mix(UInt64(connection) &+ 1))
    }

    func byte(at offset: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: word(offset / 8) >> (offset % 8 * 8))
    }

    /// Fills the first `count` bytes of `buffer` with the stream from `offset` on.
    func fill(_ buffer: inout [UInt8], count: Int, from offset: UInt64) {
        var span = buffer.mutableSpan
        var bytes = span.mutableBytes
        var index = 0
        while index < count {
            let position = offset &+ UInt64(index)
            if count - index >= 8 && position % 8 == 0 {
                bytes.storeBytes(of: word(position / 8).littleEndian, toByteOffset: index, as: UInt64.self)
                index += 8
            } else {
                bytes.storeBytes(of: byte(at: position), toByteOffset: index, as: UInt8.self)
                index += 1
            }
        }
    }

    /// The index of the first byte of `bytes` that differs from the stream from `offset` on; nil when none does.
    func firstDifference(in bytes: RawSpan, from offset: UInt64) -> Int? {
        let count = bytes.byteCount
        var index = 0
        while index < count {
            if count - index >= 8 && (offset &+ UInt64(index)) % 8 == 0 {
                let found = bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
                let different = UInt64(littleEndian: found) ^ word((offset &+ UInt64(index)) / 8)
                if different != 0 { return index + different.trailingZeroBitCount / 8 }
                index += 8
            } else {
                let found = bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                if found != byte(at: offset &+ UInt64(index)) { return index }
                index += 1
            }
        }
        return nil
    }

    /// Eight bytes of the stream, the first in the lowest bits.
    private func word(_ index: UInt64) -> UInt64 { Self.mix(seed &+ index &* 0x9E37_79B9_7F4A_7C15) }

    /// The finalizer of SplitMix64.
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
