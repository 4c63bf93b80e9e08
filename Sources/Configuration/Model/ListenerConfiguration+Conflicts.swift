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

    /// The problem with `users` if no table `[databases.NAME]` of the process file has this name.
    func missingDatabase(among names: [String]) -> Diagnostic? {
        guard enabled, let users, !names.contains(users) else { return nil }
        let hint =
            if let close = nearest(users, among: names) {
                "did you mean \(quoted(close))?"
            } else if names.isEmpty {
                "martlet.toml has no table [databases.NAME]"
            } else {
                "there are \(names.sorted().map { quoted($0) }.joined(separator: ", "))"
            }
        return diagnostic(key: "users", message: "no database has the name \(quoted(users)): \(hint)")
    }

    private func diagnostic(at endpoint: Endpoint, overlaps taken: ListenAddress, of owner: String) -> Diagnostic {
        diagnostic(
            at: endpoint, message: "\(quoted("\(endpoint.address)")) overlaps \(quoted("\(taken)")) of \(owner)")
    }
}
