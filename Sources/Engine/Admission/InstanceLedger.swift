import CMartlet
import Synchronization

/// Counts what is outstanding for an instance (work, deliveries), so that the instance is not destroyed before it is done.
package final class InstanceLedger: @unchecked Sendable {
    private let expected = Atomic<Int>(0)
    private let closed = Atomic<Bool>(false)

    /// Names the instance for the watchdog.
    let label: UInt32
    /// The rules of the ABI that the instance breaks.
    package let faults: FaultMonitor
    /// The `env`, without state, of deliveries on loops where the instance has not started or never will. Filled in before anything
    /// is outstanding.
    package let environment: UnsafeMutablePointer<martlet_env>

    package init(label: UInt32, faults: FaultMonitor) {
        self.label = label
        self.faults = faults
        environment = .allocate(capacity: 1)
        environment.initialize(to: martlet_env())
    }

    deinit { environment.deallocate() }

    /// Counts one more outstanding item. False: the instance is about to be destroyed and accepts nothing more.
    package func enter() -> Bool {
        // Counts first, then checks: either this call sees that the ledger is closed, or `close` sees the count.
        expected.wrappingAdd(1, ordering: .sequentiallyConsistent)
        guard closed.load(ordering: .sequentiallyConsistent) else { return true }
        leave()
        return false
    }

    /// Counts one more item for a caller that has entered and not left, or that runs on the control thread like `close`, so that the
    /// instance still exists. Never refused, not even while `close` checks.
    package func enterAgain() { expected.wrappingAdd(1, ordering: .relaxed) }

    package var isEmpty: Bool { expected.load(ordering: .acquiring) == 0 }

    package func leave() { expected.wrappingSubtract(1, ordering: .releasing) }

    /// Accepts nothing new from now on. True: nothing is outstanding, and nothing will be.
    package func close() -> Bool {
        closed.store(true, ordering: .sequentiallyConsistent)
        return expected.load(ordering: .sequentiallyConsistent) == 0
    }

    /// Accepts items again: the instance is not idle after all.
    package func reopen() { closed.store(false, ordering: .sequentiallyConsistent) }
}
