/// The rules of a generation: the limits that an `Admission` applies.
package struct AdmissionRules: Codable, Sendable, Equatable {
    /// At `connections`, `accept_rate` and `request_rate`: refuse peers instead of making them wait.
    package var refuses = false
    /// 0: no limit.
    package var connectionsPerAddress = 0
    package var connectionsPerNetwork = 0
    package var acceptRate = RateLimit.none
    package var requestRate = RateLimit.none
    /// Empty: every address may connect. True allows, false denies.
    package var access = AddressRanges<Bool>()
    /// Whether an address outside all ranges may connect.
    package var allowsOthers = true
    package var proxies = AddressRanges<Bool>()

    package init() {}

    func allows(_ peer: PeerAddress) -> Bool {
        access.isEmpty || peer.family == .unix || access.value(of: peer) ?? allowsOthers
    }

    func isProxy(_ peer: PeerAddress) -> Bool { proxies.value(of: peer) ?? false }

    /// A rule requires peer addresses to be counted.
    var countsAddresses: Bool { connectionsPerAddress > 0 || connectionsPerNetwork > 0 || requestRate.isSet }
}
