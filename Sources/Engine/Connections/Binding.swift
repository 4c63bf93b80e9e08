import Telemetry

/// An instance on one event loop: what the connections of that instance on that loop share.
///
/// Made and released by the instance, used by its loop alone, except for the counters, which anyone may read.
package struct Binding: ~Copyable {
    package let callbacks: SessionCallbacks
    /// What the plugin's `create` made.
    package let state: UnsafeMutableRawPointer?
    package let limits: ConnectionBounds
    /// Connections of the listener on all loops; shared by its generations.
    package let quota: ConnectionQuota
    /// Work and deliveries that the instance still expects.
    package let ledger: InstanceLedger
    /// What the plugin's `loop_start` made.
    var loopState: UnsafeMutableRawPointer?
    /// The plugin's `loop_stop` has been called, or there was nothing to stop.
    var isStopped = false
    /// Once set, the loop stops the binding when its last connection is gone, and calls this.
    var onDrained: (@Sendable () -> Void)?

    package let accepted = Counter()
    package let closed = Counter()
    package let requests = Counter()
    package let failedRequests = Counter()
    package let bytesReceived = Counter()
    package let bytesSent = Counter()
    package let faults = Counter()
    package let refused = Counter()

    package init(
        callbacks: SessionCallbacks, state: UnsafeMutableRawPointer?, limits: ConnectionBounds, quota: ConnectionQuota,
        ledger: InstanceLedger
    ) {
        self.callbacks = callbacks
        self.state = state
        self.limits = limits
        self.quota = quota
        self.ledger = ledger
    }

    package var openConnections: UInt64 { accepted.value &- closed.value }
}

package typealias BindingPointer = UnsafeMutablePointer<Binding>
