import Engine

/// Counters of an instance, or of a listener with all its generations.
package struct ConnectionCounts: Codable, Sendable, Equatable {
    package var open: UInt64 = 0
    package var accepted: UInt64 = 0
    package var refused: UInt64 = 0
    package var requests: UInt64 = 0
    package var failedRequests: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    package var faults: UInt64 = 0
    package var slowCallbacks: UInt64 = 0
    /// How often limits were reached, by their names; those that never were are left out.
    package var limits: [String: UInt64] = [:]

    package init() {}

    mutating func add(_ binding: BindingPointer) {
        open += binding.pointee.openConnections
        accepted += binding.pointee.accepted.value
        refused += binding.pointee.refused.value
        requests += binding.pointee.requests.value
        failedRequests += binding.pointee.failedRequests.value
        bytesReceived += binding.pointee.bytesReceived.value
        bytesSent += binding.pointee.bytesSent.value
        faults += binding.pointee.faults.value
        slowCallbacks += binding.pointee.slowCallbacks.value
        for limit in Limit.allCases where binding.pointee.hits[limit] > 0 {
            limits[limit.name, default: 0] += binding.pointee.hits[limit]
        }
    }

    package static func + (one: ConnectionCounts, other: ConnectionCounts) -> ConnectionCounts {
        var sum = one
        sum.open += other.open
        sum.accepted += other.accepted
        sum.refused += other.refused
        sum.requests += other.requests
        sum.failedRequests += other.failedRequests
        sum.bytesReceived += other.bytesReceived
        sum.bytesSent += other.bytesSent
        sum.faults += other.faults
        sum.slowCallbacks += other.slowCallbacks
        sum.limits.merge(other.limits, uniquingKeysWith: +)
        return sum
    }
}
