import Telemetry

/// The counters of one instance on one loop. Most have one writer, the loop. If callbacks run on workers, several threads write the
/// counters that callbacks change.
package struct InstanceCounters: ~Copyable {
    package let accepted = Counter()
    /// Sessions that moved in from another generation, and that moved out to one.
    package let movedIn = Counter()
    package let movedOut = Counter()
    package let closed = Counter()
    package let requests = Counter()
    package let failedRequests = Counter()
    package let bytesReceived = Counter()
    package let bytesSent = Counter()
    package let faults = Counter()
    package let refused = Counter()
    /// Connections that the plugin gave up because the peer misbehaved, and because the plugin itself failed.
    package let peerErrors = Counter()
    package let failures = Counter()
    package let slowCallbacks = Counter()
    /// Pieces of memory and of files that the plugin has lent as output, and those that were returned to it.
    package let lent = Counter()
    package let returned = Counter()
    /// Deliveries that were cancelled because their session is in another generation and could not come back for them.
    package let lostDeliveries = Counter()
    /// It refuses connections until then, because it breaks rules. Only in the pages of the first loop. CLOCK_MONOTONIC, nanoseconds.
    package let refusesUntil = Counter()
    /// How often each limit was reached.
    package let hits = LimitCounters()

    package var openConnections: UInt64 {
        // Another thread reads the four counters at different moments, so the difference may be negative; it then counts as 0.
        let open = Int64(bitPattern: accepted.value &+ movedIn.value &- movedOut.value &- closed.value)
        return UInt64(max(open, 0))
    }

    /// Lent output that has not been returned to the plugin yet.
    package var loans: UInt64 {
        let out = Int64(bitPattern: lent.value &- returned.value)
        return UInt64(max(out, 0))
    }

    /// No connection is open and nothing is lent. Exact only on the loop itself, while no worker has a connection.
    var isIdle: Bool { openConnections == 0 && loans == 0 }
}
