/// Who gets a connection of a listener, and what limits hold before there is one. The same for all its generations.
package final class Admission: Sendable {
    /// Connections of the listener on all loops.
    package let quota: ConnectionQuota
    let rate = RateClock()
    let addresses = AddressTable()
    let networks = AddressTable()
    /// Of the worker pool.
    package let workShare = WorkShare()
    /// To whom its connections can be handed over.
    let listeners: ListenerDirectory

    /// - Parameters:
    ///   - connections: 0 means no limit.
    ///   - listeners: of the engine.
    package init(connections: Int, listeners: ListenerDirectory) {
        quota = ConnectionQuota(limit: connections)
        self.listeners = listeners
    }

    /// Peer addresses that are remembered, and IPv6 networks.
    package var rememberedAddresses: Int { addresses.count + networks.count }
}

/// The rules of a generation, by which an `Admission` counts.
package struct AdmissionRules: Sendable, Equatable {
    /// At `connections`, `accept_rate` and `request_rate`: turn away instead of letting wait.
    package var refuses = false
    /// 0: no limit.
    package var connectionsPerAddress = 0
    package var connectionsPerNetwork = 0
    package var acceptRate = RateLimit.none
    package var requestRate = RateLimit.none
    /// Empty: everybody. True allows, false denies.
    package var access = AddressRanges<Bool>()
    /// Whether an address that no range names may connect.
    package var allowsOthers = true
    package var proxies = AddressRanges<Bool>()

    package init() {}

    func allows(_ peer: PeerAddress) -> Bool {
        access.isEmpty || peer.family == .unix || access.value(of: peer) ?? allowsOthers
    }

    func isProxy(_ peer: PeerAddress) -> Bool { proxies.value(of: peer) ?? false }

    /// Peer addresses have to be counted.
    var countsAddresses: Bool { connectionsPerAddress > 0 || connectionsPerNetwork > 0 || requestRate.isSet }
}
