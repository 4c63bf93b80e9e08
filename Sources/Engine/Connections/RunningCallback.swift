import Synchronization

/// Which callback a thread is in, for the watchdog: one word that the thread writes and others read. The upper half counts
/// callbacks, and keeps its value between them.
package struct RunningCallback: ~Copyable {
    private let word = Atomic<UInt64>(0)

    package struct Observation: Sendable, Equatable {
        /// Different for each callback.
        package let sequence: UInt32
        /// Names the instance, as in its binding.
        package let label: UInt32
        package let kind: CallbackKind
    }

    @inline(__always)
    func begin(_ kind: CallbackKind, _ label: UInt32) {
        let sequence = (word.load(ordering: .relaxed) >> 32) &+ 1
        word.store(sequence << 32 | UInt64(label & 0xFF_FFFF) << 8 | UInt64(kind.rawValue), ordering: .relaxed)
    }

    @inline(__always)
    func end() { word.store(word.load(ordering: .relaxed) & ~0xFFFF_FFFF, ordering: .relaxed) }

    /// From any thread; nil between callbacks.
    package var observation: Observation? {
        let seen = word.load(ordering: .relaxed)
        guard let kind = CallbackKind(rawValue: UInt8(truncatingIfNeeded: seen)) else { return nil }
        return Observation(
            sequence: UInt32(truncatingIfNeeded: seen >> 32), label: UInt32(truncatingIfNeeded: seen >> 8) & 0xFF_FFFF,
            kind: kind)
    }
}
