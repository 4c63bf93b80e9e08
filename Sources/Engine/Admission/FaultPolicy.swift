/// When a plugin that breaks rules gets no new connections for a while.
package struct FaultPolicy: Codable, Sendable, Equatable {
    /// Faults in a window at which the listener refuses; 0: never.
    package var limit: Int
    /// Nanoseconds; also how long the listener then refuses.
    package var window: UInt64
    /// The least share of faults among the connections and requests of the window, 0 to 1. Below it nothing is refused, however
    /// many faults there are.
    package var share: Double

    package init(limit: Int = 0, window: UInt64 = 10_000_000_000, share: Double = 0.5) {
        (self.limit, self.window, self.share) = (limit, window, share)
    }

    /// The most that one peer address, or one IPv6 /64, can add to the count, so that no single peer can close a listener to all others.
    var limitPerPeer: Int { max(limit / 10, 1) }
}
