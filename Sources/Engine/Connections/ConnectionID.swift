/// Names a connection permanently, even after it is gone: generation, loop and slot in 64 bits.
///
/// Layout from the high end: generation 32 (never 0), loop 10, slot 22.
package struct ConnectionID: Equatable, Sendable {
    package static let loopLimit = 1 << 10
    package static let slotLimit = 1 << 22

    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    init(generation: UInt32, loop: UInt32, slot: UInt32) {
        rawValue = UInt64(generation) << 32 | UInt64(loop) << 22 | UInt64(slot)
    }

    package var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    package var loop: Int { Int(rawValue >> 22 & 0x3FF) }
    package var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue & 0x3F_FFFF) }
}
