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

        /// nil: the word of a thread that is between callbacks.
        init?(word: UInt64) {
            guard let kind = CallbackKind(rawValue: UInt8(truncatingIfNeeded: word)) else { return nil }
            sequence = UInt32(truncatingIfNeeded: word >> 32)
            label = UInt32(truncatingIfNeeded: word >> 8) & 0xFF_FFFF
            self.kind = kind
        }

        /// As threads publish it.
        var word: UInt64 { UInt64(sequence) << 32 | UInt64(label & 0xFF_FFFF) << 8 | UInt64(kind.rawValue) }

        package init(sequence: UInt32, label: UInt32, kind: CallbackKind) {
            self.sequence = sequence
            self.label = label
            self.kind = kind
        }
    }

    @inline(__always)
    func begin(_ kind: CallbackKind, _ label: UInt32) {
        let sequence = UInt32(truncatingIfNeeded: word.load(ordering: .relaxed) >> 32) &+ 1
        word.store(Observation(sequence: sequence, label: label, kind: kind).word, ordering: .relaxed)
    }

    @inline(__always)
    func end() { word.store(word.load(ordering: .relaxed) & ~0xFFFF_FFFF, ordering: .relaxed) }

    /// From any thread; nil between callbacks.
    package var observation: Observation? { Observation(word: word.load(ordering: .relaxed)) }
}
