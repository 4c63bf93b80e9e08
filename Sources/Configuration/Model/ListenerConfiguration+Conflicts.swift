import Addresses

/// An address that the process itself uses, and the setting that asks for it.
struct TakenAddress {
    var address: ListenAddress
    var owner: String
}

extension ListenerConfiguration {
    /// The problem with the first address of this listener that the process itself uses.
    func conflict(with taken: TakenAddress) -> Diagnostic? {
        guard enabled, let endpoint = endpoints.first(where: { taken.address.overlaps($0.address) }) else { return nil }
        return diagnostic(at: endpoint, overlaps: taken.address, of: taken.owner)
    }

    /// The problem with the first address of this listener that one of `others` already has. Of two listeners with the same
    /// address the one later by name is refused; the diagnostic has its place and names the other's. A disabled listener has no
    /// addresses.
    func conflict(with others: [ListenerConfiguration]) -> Diagnostic? {
        guard enabled else { return nil }
        for endpoint in endpoints {
            for other in others where other.enabled {
                guard let taken = other.endpoints.first(where: { endpoint.address.overlaps($0.address) }) else {
                    continue
                }
                let position = taken.place.position
                let owner = "\(printable(other.file)):\(position.line):\(position.column)"
                return diagnostic(at: endpoint, overlaps: taken.address, of: owner)
            }
        }
        return nil
    }

    private func diagnostic(at endpoint: Endpoint, overlaps taken: ListenAddress, of owner: String) -> Diagnostic {
        diagnostic(
            at: endpoint, message: "\(quoted("\(endpoint.address)")) overlaps \(quoted("\(taken)")) of \(owner)")
    }
}
