import CMartlet
import PluginABI
import Telemetry

/// An instance on one event loop: what the connections of that instance on that loop share.
///
/// The instance makes and releases it. Its loop alone uses it, except for the counters, which anyone may read, and for what a
/// callback needs, which workers read.
package struct Binding: ~Copyable {
    package let callbacks: SessionCallbacks
    /// What its callbacks on this loop are told: `martlet_env`.
    let environment: UnsafeMutablePointer<martlet_env>
    /// Used by the loop alone. It is not a part of the binding, because workers read the binding while the loop changes this.
    let sessions: UnsafeMutablePointer<SessionMemory>
    package let limits: ConnectionBounds
    /// Counts the connections of the listener on all loops; shared by its generations.
    package let admission: Admission
    package let rules: AdmissionRules
    /// Callbacks run on the worker pool.
    package let usesWorkers: Bool
    /// Names the instance to whoever watches the threads.
    package let label: UInt32
    /// Work and deliveries that the instance still expects.
    package let ledger: InstanceLedger
    /// The plugin's `loop_stop` has been called, or there was nothing to stop.
    var isStopped = true
    /// Once set, the loop calls this when the last connection is gone and the last loan is back.
    var onDrained: (@Sendable () -> Void)?

    /// What it counts, in the page of the loop.
    package let counters: UnsafeMutablePointer<InstanceCounters>

    /// Callbacks that run longer are counted; 0: none is measured.
    package var slowCallbackNanoseconds: UInt64 = 0
    /// Events that it has had in a turn of a loop with several listeners.
    var servedTurn: UInt32 = 0
    var servedEvents: UInt32 = 0
    /// Where its sessions move at their next quiet moment: set by a swap.
    var successor: BindingPointer?

    /// - Parameter environment: of the instance on this loop, without a loop state.
    package init(
        callbacks: SessionCallbacks, environment: martlet_env, limits: ConnectionBounds, rules: AdmissionRules,
        admission: Admission, ledger: InstanceLedger, counters: UnsafeMutablePointer<InstanceCounters>,
        usesWorkers: Bool = false, label: UInt32 = 0
    ) {
        self.callbacks = callbacks
        self.environment = .allocate(capacity: 1)
        self.environment.initialize(to: environment)
        sessions = .allocate(capacity: 1)
        sessions.initialize(to: SessionMemory(callbacks.layout))
        self.limits = limits
        self.rules = rules
        self.admission = admission
        self.usesWorkers = usesWorkers
        self.label = label
        self.ledger = ledger
        self.counters = counters
    }

    /// What the callbacks of this instance on this loop are told.
    @inline(__always)
    package var env: UnsafePointer<martlet_env> { UnsafePointer(environment) }

    /// The plugin leaves the memory of its sessions to the host.
    @inline(__always)
    var keepsSessions: Bool { callbacks.layout.size > 0 }

    deinit {
        environment.deallocate()
        sessions.deinitialize(count: 1)
        sessions.deallocate()
    }
}

package typealias BindingPointer = UnsafeMutablePointer<Binding>

extension BindingPointer {
    /// Nothing of the instance is on this loop any more: no connection, and nothing that it lent.
    var isIdle: Bool { pointee.counters.pointee.isIdle }

    /// Memory for a session, all 0. nil: there is none.
    func takeSession() -> UnsafeMutableRawPointer? {
        let memory = pointee.sessions
        return memory.pointee.take()
    }

    func giveSession(_ session: UnsafeMutableRawPointer) {
        let memory = pointee.sessions
        memory.pointee.give(session)
    }

    // The life of the instance hangs on these two, so they count right on whatever thread a plugin lends.
    func countLoan() { pointee.counters.pointee.lent.addShared(1) }
    func countReturn() { pointee.counters.pointee.returned.addShared(1) }
}
