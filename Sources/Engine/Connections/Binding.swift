import CMartlet
import PluginABI
import Synchronization
import Telemetry

/// An instance on one event loop: the state that its connections on that loop share.
///
/// The instance creates and frees it. What a callback needs is here, because workers read it too, and does not change but for atomics. What
/// only the loop uses is in `OwnPart`.
package struct Binding: ~Copyable {
    package let callbacks: SessionCallbacks
    /// The `martlet_env` of its callbacks on this loop.
    let environment: UnsafeMutablePointer<martlet_env>
    fileprivate let ownPart: UnsafeMutablePointer<OwnPart>
    package let limits: ConnectionBounds
    /// Counts the connections of the listener on all loops; shared by its generations.
    package let admission: Admission
    package let rules: AdmissionRules
    /// Callbacks run on the worker pool.
    package let usesWorkers: Bool
    /// Names the instance for the watchdog.
    package let label: UInt32
    /// A hash of the name of its listener, and its number there: the same in every process.
    let name: UInt64
    let generation: UInt32
    /// A hash of the layout of its plain sessions; 0: they are not plain.
    let form: UInt64
    /// Counts the outstanding work and deliveries of the instance.
    package let ledger: InstanceLedger
    /// Its counters, in the page of the loop.
    package let counters: UnsafeMutablePointer<InstanceCounters>

    /// Callbacks that run longer are counted; 0: callbacks are not measured.
    package let slowCallback = Atomic<UInt64>(0)

    /// - Parameter environment: of the instance on this loop, without a loop state.
    package init(
        callbacks: SessionCallbacks, environment: martlet_env, limits: ConnectionBounds, rules: AdmissionRules,
        admission: Admission, ledger: InstanceLedger, counters: UnsafeMutablePointer<InstanceCounters>,
        usesWorkers: Bool = false, label: UInt32 = 0, name: UInt64 = 0, generation: UInt32 = 0, arena: Arena
    ) {
        self.callbacks = callbacks
        self.environment = .allocate(capacity: 1)
        self.environment.initialize(to: environment)
        ownPart = .allocate(capacity: 1)
        ownPart.initialize(to: OwnPart(callbacks.layout, arena))
        self.limits = limits
        self.rules = rules
        self.admission = admission
        self.usesWorkers = usesWorkers
        self.label = label
        self.name = name
        self.generation = generation
        form = callbacks.layout.form
        self.ledger = ledger
        self.counters = counters
    }

    /// The `env` of this instance's callbacks on this loop.
    @inline(__always)
    package var env: UnsafePointer<martlet_env> { UnsafePointer(environment) }

    /// The plugin leaves the memory of its sessions to the host.
    @inline(__always)
    var keepsSessions: Bool { callbacks.layout.size > 0 }

    deinit {
        environment.deallocate()
        ownPart.deinitialize(count: 1)
        ownPart.deallocate()
    }

    /// The part that only the loop uses. It is outside of the binding, because workers read the binding while the loop changes this.
    package struct OwnPart: ~Copyable {
        /// The sessions, if the plugin leaves their memory to the host.
        var sessions: SessionMemory
        /// The plugin's `loop_stop` has been called, or there was nothing to stop.
        var isStopped = true
        /// Once set, the loop calls this when the last connection is gone and the last loan is returned.
        var onDrained: (@Sendable () -> Void)?
        /// On a loop with several listeners: the last turn in which it had events, and how many it had.
        var servedTurn: UInt32 = 0
        var servedEvents: UInt32 = 0
        /// How far its callbacks stand still, because the state of its instance moves.
        package internal(set) var stillness = Stillness.none
        /// The binding to which its sessions move between two callbacks. A swap sets it.
        var successor: BindingPointer?

        init(_ layout: SessionLayout, _ arena: Arena) { sessions = SessionMemory(layout, arena: arena) }
    }
}

/// How far the callbacks of an instance on one loop stand still.
package enum Stillness: UInt8, Sendable {
    case none
    /// Sessions are parked when they are not busy, and no session begins. Work and deliveries end.
    case settling
    /// Nothing of the instance runs.
    case complete
}

package typealias BindingPointer = UnsafeMutablePointer<Binding>

extension BindingPointer {
    /// The instance has no connection on this loop, and no loan is outstanding.
    var isIdle: Bool { pointee.counters.pointee.isIdle }

    /// The part that only the loop uses. With both pointers in one expression the instrumentation of ThreadSanitizer looks at a wrong address
    /// and crashes (Swift 6.3).
    package var own: UnsafeMutablePointer<Binding.OwnPart> {
        let own = pointee.ownPart
        return own
    }

    /// Counts a peer that a limit refuses.
    func countRefusal(_ limit: Limit) {
        pointee.counters.pointee.hits.hit(limit)
        pointee.counters.pointee.refused.add(1)
    }

    // The life of the instance depends on these two counters, so they are exact on whatever thread the plugin lends.
    func countLoan() { pointee.counters.pointee.lent.addShared(1) }
    func countReturn() { pointee.counters.pointee.returned.addShared(1) }
}
