import Synchronization
import Threads

/// How long control threads wait for an event loop.
package final class Patience: Sendable {
    private let value: Atomic<UInt64>

    package init(nanoseconds: UInt64) { value = Atomic(nanoseconds) }

    package func set(nanoseconds: UInt64) { value.store(nanoseconds, ordering: .relaxed) }

    package var nanoseconds: UInt64 { value.load(ordering: .relaxed) }

    package var deadline: Deadline { .after(nanoseconds: nanoseconds) }
}
