/// Counts connections by the address and the network of their peers.
extension LoopPointer {
    /// Counts a connection for its peer's address and IPv6 network. Returns the limit that is reached, if any; then nothing is counted.
    func enterAddresses(_ connection: ConnectionPointer) -> Limit? {
        let binding = connection.links.pointee.binding
        let peer = connection.pointee.peer
        guard _slowPath(binding.pointee.rules.countsAddresses), peer.family != .unix else { return nil }
        let (perAddress, perNetwork) = (
            binding.pointee.rules.connectionsPerAddress, binding.pointee.rules.connectionsPerNetwork
        )
        let addresses = binding.pointee.admission.addresses
        guard let entry = addresses.enter(AddressKey(address: peer), limit: perAddress) else {
            return .connectionsPerAddress
        }
        if peer.family == .ipv6 {
            let networks = binding.pointee.admission.networks
            guard let network = networks.enter(AddressKey(networkOf: peer), limit: perNetwork) else {
                addresses.leave(entry, at: context.pointee.now)
                return .connectionsPerNetwork
            }
            connection.links.pointee.network = network
        }
        connection.links.pointee.address = entry
        if binding.pointee.rules.requestRate.isSet { connection.pointee.state.take(.rated) }
        return nil
    }

    /// Applies the rules of the generation to which a session has moved. The session stays even if they would refuse its peer.
    func reenterAddresses(_ connection: ConnectionPointer) {
        connection.pointee.state.take(.unrated)
        let rules = connection.links.pointee.binding.pointee.rules
        guard rules.countsAddresses, connection.pointee.peer.family != .unix else { return }
        if connection.links.pointee.address == nil {
            let admission = connection.links.pointee.binding.pointee.admission
            let peer = connection.pointee.peer
            connection.links.pointee.address = admission.addresses.enter(AddressKey(address: peer), limit: 0)
            if peer.family == .ipv6 {
                connection.links.pointee.network = admission.networks.enter(AddressKey(networkOf: peer), limit: 0)
            }
        }
        if rules.requestRate.isSet { connection.pointee.state.take(.rated) }
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
