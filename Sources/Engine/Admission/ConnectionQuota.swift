import CMartlet
import Synchronization

/// A number of connections that may be open at a time, across loops.
package final class ConnectionQuota: Sendable {
    private let open = Atomic<Int>(0)
    private let limit: Atomic<Int>

    /// - Parameter limit: 0 means no limit.
    package init(limit: Int) {
        self.limit = Atomic(limit == 0 ? .max : limit)
    }

    package func setLimit(_ limit: Int) {
        self.limit.store(limit == 0 ? .max : limit, ordering: .relaxed)
    }

    package var count: Int { open.load(ordering: .relaxed) }

    /// Takes one place; false when all are taken.
    package func take() -> Bool {
        let now = open.wrappingAdd(1, ordering: .relaxed).newValue
        if now <= limit.load(ordering: .relaxed) { return true }
        open.wrappingSubtract(1, ordering: .relaxed)
        return false
    }

    /// Takes a place whatever the limit says.
    func takeAnyway() { open.wrappingAdd(1, ordering: .relaxed) }

    package func give() {
        open.wrappingSubtract(1, ordering: .relaxed)
    }
}

/// Counts what an instance still expects (work, deliveries), so that it is not destroyed before.
package final class InstanceLedger: @unchecked Sendable {
    private let expected = Atomic<Int>(0)
    private let closed = Atomic<Bool>(false)

    /// Names the instance to whoever watches the threads.
    let label: UInt32
    /// The rules of the ABI that it breaks.
    package let faults: FaultMonitor
    /// For deliveries on loops where the instance has not started, or never will: without state. Filled in before anything is
    /// expected.
    package let environment: UnsafeMutablePointer<martlet_env>

    package init(label: UInt32, faults: FaultMonitor) {
        self.label = label
        self.faults = faults
        environment = .allocate(capacity: 1)
        environment.initialize(to: martlet_env())
    }

    deinit { environment.deallocate() }

    /// Before something is expected. False: the instance is about to be destroyed and takes nothing more.
    package func enter() -> Bool {
        // Counted first, then looked: either this sees that the ledger is closed, or `close` sees the count.
        expected.wrappingAdd(1, ordering: .sequentiallyConsistent)
        guard closed.load(ordering: .sequentiallyConsistent) else { return true }
        leave()
        return false
    }

    /// For something more of one who has entered and not left: until then nothing is destroyed. Not refused while `close` has a
    /// look.
    package func enterAgain() { expected.wrappingAdd(1, ordering: .relaxed) }

    package var isEmpty: Bool { expected.load(ordering: .acquiring) == 0 }

    package func leave() { expected.wrappingSubtract(1, ordering: .releasing) }

    /// Takes nothing new from now on. True: nothing is expected any more, and nothing will be.
    package func close() -> Bool {
        closed.store(true, ordering: .sequentiallyConsistent)
        return expected.load(ordering: .sequentiallyConsistent) == 0
    }

    /// Takes again: what was closed is not idle after all.
    package func reopen() { closed.store(false, ordering: .sequentiallyConsistent) }
}
