import Synchronization
import Threads

/// How long control threads wait for an event loop.
package final class Patience: Sendable {
    private let nanoseconds: Atomic<UInt64>

    package init(nanoseconds: UInt64) { self.nanoseconds = Atomic(nanoseconds) }

    package func set(nanoseconds: UInt64) { self.nanoseconds.store(nanoseconds, ordering: .relaxed) }

    package var deadline: Deadline { .after(nanoseconds: nanoseconds.load(ordering: .relaxed)) }
}
