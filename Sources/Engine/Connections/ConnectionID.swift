/// Names a connection permanently, even after it is gone: the generation of its slot (32 bits, never 0), and the slot (32 bits).
package struct ConnectionID: Equatable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    init(generation: UInt32, slot: UInt32) { rawValue = UInt64(generation) << 32 | UInt64(slot) }

    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    var slot: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}
