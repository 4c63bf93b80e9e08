/// An address of the process itself, and in whose name.
struct TakenAddress {
    var address: ListenAddress
    var owner: String
}

extension ListenerConfiguration {
    /// The first address of this listener that the process has for itself.
    func conflict(with taken: TakenAddress) -> Diagnostic? {
        guard enabled, let index = addresses.firstIndex(where: taken.address.overlaps) else { return nil }
        return diagnostic(
            key: addresses.count == 1 ? "listen" : "listen[\(index)]",
            message: "\(quoted("\(addresses[index])")) overlaps \(quoted("\(taken.address)")) of \(taken.owner)")
    }

    /// The first address of this listener that one of `others` already has. Of two listeners that want the same address
    /// the one later by name is refused, at its own place and naming the other's. A disabled listener wants none.
    func conflict(with others: [ListenerConfiguration]) -> Diagnostic? {
        guard enabled else { return nil }
        for (index, address) in addresses.enumerated() {
            for other in others where other.enabled {
                guard let taken = other.addresses.firstIndex(where: address.overlaps) else { continue }
                let key = ConfigurationKey(parsing: "listen[\(taken)]")
                let position = SourceLocator(other.text).position(of: key)
                let place = "\(printable(other.file)):\(position.line):\(position.column)"
                return diagnostic(
                    key: addresses.count == 1 ? "listen" : "listen[\(index)]",
                    message: "\(quoted("\(address)")) overlaps \(quoted("\(other.addresses[taken])")) of \(place)")
            }
        }
        return nil
    }
}
