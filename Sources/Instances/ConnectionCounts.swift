import Engine

/// Counters of an instance, or of a listener with all its generations.
package struct ConnectionCounts: Codable, Sendable, Equatable {
    package var open: UInt64 = 0
    package var accepted: UInt64 = 0
    package var refused: UInt64 = 0
    /// Connections that plugins gave up because the peer misbehaved, and because the plugins themselves failed.
    package var peerErrors: UInt64 = 0
    package var failures: UInt64 = 0
    package var requests: UInt64 = 0
    package var failedRequests: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    package var faults: UInt64 = 0
    package var slowCallbacks: UInt64 = 0
    /// Pieces of memory and files that plugins have lent as output and that are not returned yet.
    package var loans: UInt64 = 0
    /// Posts and completions that were cancelled because their session is in another generation and could not come back for them.
    package var lostDeliveries: UInt64 = 0
    /// How often each limit was reached, by its name. Limits that were never reached are left out.
    package var limits: [String: UInt64] = [:]

    package init() {}

    package mutating func add(_ counters: UnsafePointer<InstanceCounters>) {
        open += counters.pointee.openConnections
        accepted += counters.pointee.accepted.value
        refused += counters.pointee.refused.value
        peerErrors += counters.pointee.peerErrors.value
        failures += counters.pointee.failures.value
        requests += counters.pointee.requests.value
        failedRequests += counters.pointee.failedRequests.value
        bytesReceived += counters.pointee.bytesReceived.value
        bytesSent += counters.pointee.bytesSent.value
        faults += counters.pointee.faults.value
        slowCallbacks += counters.pointee.slowCallbacks.value
        loans += counters.pointee.loans
        lostDeliveries += counters.pointee.lostDeliveries.value
        for limit in Limit.allCases where counters.pointee.hits[limit] > 0 {
            limits[limit.name, default: 0] += counters.pointee.hits[limit]
        }
    }

    package static func + (one: ConnectionCounts, other: ConnectionCounts) -> ConnectionCounts {
        var sum = one
        sum.open += other.open
        sum.accepted += other.accepted
        sum.refused += other.refused
        sum.peerErrors += other.peerErrors
        sum.failures += other.failures
        sum.requests += other.requests
        sum.failedRequests += other.failedRequests
        sum.bytesReceived += other.bytesReceived
        sum.bytesSent += other.bytesSent
        sum.faults += other.faults
        sum.slowCallbacks += other.slowCallbacks
        sum.loans += other.loans
        sum.lostDeliveries += other.lostDeliveries
        sum.limits.merge(other.limits, uniquingKeysWith: +)
        return sum
    }
}
