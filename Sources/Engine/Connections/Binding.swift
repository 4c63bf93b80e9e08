import Telemetry

/// An instance on one event loop: what the connections of that instance on that loop share.
///
/// Made and released by the instance, used by its loop alone, except for the counters, which anyone may read.
package struct Binding: ~Copyable {
    package let callbacks: SessionCallbacks
    /// What the plugin's `create` made.
    package let state: UnsafeMutableRawPointer?
    package let limits: ConnectionBounds
    /// Counts the connections of the listener on all loops; shared by its generations.
    package let admission: Admission
    package let rules: AdmissionRules
    /// Callbacks run on the worker pool.
    package let usesWorkers: Bool
    /// Names the instance to whoever watches the threads.
    package let label: UInt32
    /// How often each limit was reached.
    package let hits = LimitCounters()
    /// Work and deliveries that the instance still expects.
    package let ledger: InstanceLedger
    /// What the plugin's `loop_start` made.
    var loopState: UnsafeMutableRawPointer?
    /// The plugin's `loop_stop` has been called, or there was nothing to stop.
    var isStopped = true
    /// Once set, the loop stops the binding when its last connection is gone, and calls this.
    var onDrained: (@Sendable () -> Void)?

    /// Callbacks that run longer are counted; 0: none is measured.
    package var slowCallbackNanoseconds: UInt64 = 0
    package let slowCallbacks = Counter()
    /// Events that it has had in a turn of a loop with several listeners.
    var servedTurn: UInt32 = 0
    var servedEvents: UInt32 = 0
    /// Where its sessions move at their next quiet moment: set by a swap.
    var successor: BindingPointer?

    package let accepted = Counter()
    /// Sessions that came from another generation, and that went to one.
    package let movedIn = Counter()
    package let movedOut = Counter()
    package let closed = Counter()
    package let requests = Counter()
    package let failedRequests = Counter()
    package let bytesReceived = Counter()
    package let bytesSent = Counter()
    package let faults = Counter()
    package let refused = Counter()

    package init(
        callbacks: SessionCallbacks, state: UnsafeMutableRawPointer?, limits: ConnectionBounds, rules: AdmissionRules,
        admission: Admission, ledger: InstanceLedger, usesWorkers: Bool = false, label: UInt32 = 0
    ) {
        self.callbacks = callbacks
        self.state = state
        self.limits = limits
        self.rules = rules
        self.admission = admission
        self.usesWorkers = usesWorkers
        self.label = label
        self.ledger = ledger
    }

    package var openConnections: UInt64 {
        // Read from another thread the four are not of one moment: less than none is none.
        let open = Int64(bitPattern: accepted.value &+ movedIn.value &- movedOut.value &- closed.value)
        return UInt64(max(open, 0))
    }
}

package typealias BindingPointer = UnsafeMutablePointer<Binding>
