import Configuration
import HostInterface

/// The part of a commit that changes endpoints: new names for addresses that stay, and new addresses.
extension ReloadTransaction {
    /// The instance stays. The loops are told only when a name changes.
    func move(_ name: String) {
        guard let listener = server.listeners[name], let new = wanted[name]?.configuration else { return }
        let changes = new.endpoints.contains { endpoint in
            listener.addresses[endpoint.address].map { $0.endpoint != endpoint } ?? false
        }
        guard changes else { return }
        undoCommits.append { [server] in server.pointSockets(of: listener) }
        renameEndpoints(of: listener)
        if let problem = server.pointSockets(of: listener, .canFail) { refuseCommit(name, problem) }
    }

    /// Gives the addresses that stay their names in the new file. The `pointSockets` that follows sets names and instance
    /// together on each loop, so a new instance never gets an old name.
    func renameEndpoints(of listener: RunningListener) {
        let old = listener.addresses.mapValues(\.endpoint)
        for endpoint in wanted[listener.name]?.configuration.endpoints ?? [] {
            listener.addresses[endpoint.address]?.endpoint = endpoint
        }
        undoCommits.append {
            for (address, endpoint) in old { listener.addresses[address]?.endpoint = endpoint }
        }
    }

    func listenOnNewAddresses(of listener: RunningListener) {
        guard var groups = bound.removeValue(forKey: listener.name) else { return }
        defer { bound[listener.name] = groups }
        for (endpoint, group) in groups {
            groups[endpoint] = nil
            do throws(ListenFailure) {
                let open = try server.listen(group, at: endpoint, for: listener)
                listener.addresses[endpoint.address] = open
                undoCommits.append { [server] in
                    listener.addresses[endpoint.address] = nil
                    server.close(open)
                }
            } catch {
                return refuseCommit(listener.name, "cannot listen on \(endpoint.address): \(error.text)")
            }
        }
        if let problem = server.pointSockets(of: listener, .canFail) { refuseCommit(listener.name, problem) }
    }
}
