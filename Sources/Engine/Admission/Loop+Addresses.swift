/// Counts connections by the address and the network of their peers.
extension LoopPointer {
    /// Counts a connection for its peer's address and IPv6 network. Returns the limit that is reached, if any; then nothing is counted.
    func enterAddresses(_ connection: ConnectionPointer) -> Limit? {
        let rules = connection.links.pointee.binding.pointee.rules
        guard _slowPath(rules.countsAddresses), connection.pointee.peer.family != .unix else { return nil }
        if let limit = count(connection, rules.connectionsPerAddress, rules.connectionsPerNetwork) { return limit }
        if rules.requestRate.isSet { connection.pointee.state.take(.rated) }
        return nil
    }

    /// Applies the rules of the generation to which a session has moved. The session stays even if they would refuse its peer.
    func reenterAddresses(_ connection: ConnectionPointer) {
        connection.pointee.state.take(.unrated)
        let rules = connection.links.pointee.binding.pointee.rules
        guard rules.countsAddresses, connection.pointee.peer.family != .unix else { return }
        if connection.links.pointee.address == nil { _ = count(connection, 0, 0) }
        if rules.requestRate.isSet { connection.pointee.state.take(.rated) }
    }

    private func count(_ connection: ConnectionPointer, _ perAddress: Int, _ perNetwork: Int) -> Limit? {
        let peer = connection.pointee.peer
        let admission = connection.links.pointee.binding.pointee.admission
        guard let entry = admission.addresses.enter(AddressKey(address: peer), limit: perAddress) else {
            return .connectionsPerAddress
        }
        if peer.family == .ipv6 {
            guard let network = admission.networks.enter(AddressKey(networkOf: peer), limit: perNetwork) else {
                admission.addresses.leave(entry, at: context.pointee.now)
                return .connectionsPerNetwork
            }
            connection.links.pointee.network = network
        }
        connection.links.pointee.address = entry
        return nil
    }

    func leaveAddresses(_ connection: ConnectionPointer) {
        guard _slowPath(connection.links.pointee.address != nil) else { return }
        connection.refundRequest()
        // The generations of a listener share one table.
        let admission = connection.links.pointee.binding.pointee.admission
        if let entry = connection.links.pointee.address { admission.addresses.leave(entry, at: context.pointee.now) }
        if let entry = connection.links.pointee.network { admission.networks.leave(entry, at: context.pointee.now) }
        connection.links.pointee.address = nil
        connection.links.pointee.network = nil
    }
}
