import Configuration
import HostInterface
import Instances
import Listening
import PluginHost
import Threads

/// Connects the listening sockets of a listener to its generations. On the control thread.
extension Server {
    /// Points all sockets of a listener at its current generation, and a candidate's share at the candidate, with the current
    /// names of their endpoints. Returns the reason when a loop did not make the change.
    @discardableResult
    func pointSockets(of listener: RunningListener, _ insistence: Insistence = .settled) -> String? {
        listener.host.runtime.point(
            listener.addresses.values.map { ($0.sockets, $0.endpoint.name) }, at: listener.target, insistence)
    }

    /// Publishes the listeners that take connections, for the plugins' `hand_over`: those that are not stopping, to each host its own.
    func publishListeners() {
        for host in hosts where host.successor == nil {
            host.runtime.publish(
                listeners.filter { !$0.value.isStopping && $0.value.host === host }.mapValues(\.runtime))
        }
    }

    /// Opens an address of a listener, so that peers can connect. Closes the group on failure.
    func listen(
        _ group: ListeningSocketGroup, at endpoint: Endpoint, for listener: RunningListener
    ) throws(ListenFailure) -> OpenAddress {
        let open: OpenAddress
        do throws(ListenFailure) {
            open = OpenAddress(
                group: group, endpoint: endpoint, sockets: try self.open(group, at: endpoint, for: listener))
        } catch {
            group.giveUp()
            throw error
        }
        // All loops are ready before the first peer can connect.
        do throws(SystemError) {
            try group.listen()
        } catch {
            close(open)
            throw ListenFailure(text: error.description)
        }
        open.sockets.beginAccepting()
        return open
    }

    /// Lets the runtime of a listener have duplicates of the sockets of an address. No loop accepts yet.
    func open(
        _ group: ListeningSocketGroup, at endpoint: Endpoint, for listener: RunningListener
    ) throws(ListenFailure) -> any RuntimeAddress {
        try listener.host.runtime.open(
            group.descriptors, shared: group.shared,
            AddressDescription(listener: listener.name, configured: "\(endpoint.address)", port: group.address.port),
            name: endpoint.name, for: listener.current.instance)
    }

    /// Moves the files of new Unix sockets into place, over those that another of our listeners had until now.
    func publishAddresses(of listener: RunningListener) {
        for address in listener.addresses.keys {
            do throws(SystemError) {
                try listener.addresses[address]?.group.publish()
            } catch {
                logger.error("cannot take over \(address): \(error)", metadata: ["listener": "\(listener.name)"])
            }
        }
    }

    /// Stops the sockets of an address on all loops. A stuck loop does this later.
    func close(_ address: OpenAddress) {
        address.group.removeFile()
        address.sockets.close()
        address.group.closeAll()
    }

    /// Lets the other loops take the peers of stuck ones.
    func coverStuckLoops() {
        guard !isStopping, shared.runtime.loopCount > 1 else { return }
        for host in hosts {
            let stuck = Set(host.runtime.stuckLoops.keys)
            for listener in listeners.values where listener.host === host {
                for address in listener.addresses.values {
                    address.sockets.cover(stuck, name: address.endpoint.name, listener.target)
                }
            }
        }
    }
}
