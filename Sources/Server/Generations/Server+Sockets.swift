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
        runtime.point(
            listener.addresses.values.map { ($0.sockets, $0.endpoint.name) }, at: listener.target, insistence)
    }

    /// Publishes the listeners that take connections, for the plugins' `hand_over`: those that are not stopping.
    func publishListeners() {
        runtime.publish(listeners.filter { !$0.value.isStopping }.mapValues(\.runtime))
    }

    /// Opens an address for an instance, so that peers can connect. Closes the sockets on failure.
    func listen(
        _ group: ListeningSocketGroup, at endpoint: Endpoint, _ instance: any RuntimeInstance
    ) throws(ListenFailure) -> OpenAddress {
        let open: OpenAddress
        do throws(ListenFailure) {
            let sockets = try runtime.open(
                group.descriptors, shared: group.shared, name: endpoint.name, for: instance)
            open = OpenAddress(group: group, endpoint: endpoint, sockets: sockets)
        } catch {
            group.removeFile()
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
    }

    /// Lets the other loops take the peers of stuck ones.
    func coverStuckLoops() {
        guard !isStopping, runtime.loopCount > 1 else { return }
        let stuck = Set(runtime.stuckLoops.keys)
        for listener in listeners.values {
            for address in listener.addresses.values {
                address.sockets.cover(stuck, name: address.endpoint.name, listener.target)
            }
        }
    }
}
