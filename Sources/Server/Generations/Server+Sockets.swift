import Engine
import PluginHost

/// Where the listening sockets of a listener lead. On the control thread.
extension Server {
    /// Makes all sockets of a listener lead to its current generation, and a candidate's share to that. Each loop takes
    /// the change between two callbacks.
    func pointSockets(of listener: RunningListener) {
        let share = listener.candidate?.generation.recipe.configuration.rollout.percent ?? 0
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let sockets = listener.addresses.values.map { $0.sockets[index] }
            nonisolated(unsafe) let current = listener.current.instance.bindings[index]
            nonisolated(unsafe) let candidate = listener.candidate?.generation.instance.bindings[index]
            loop.ask { core in
                for socket in sockets {
                    core.retarget(socket, to: current)
                    core.setCandidate(candidate, share: share, on: socket)
                }
            }
        }
    }

    /// Begins to accept on an address, for an instance.
    func listen(_ group: ListeningSocketGroup, _ instance: PluginInstance) -> OpenAddress {
        var sockets: [ListeningSocketPointer] = []
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = instance.bindings[index]
            let answer = loop.ask { core in
                SocketAnswer(
                    socket: core.listen(descriptor: group.descriptors[index], shared: group.shared, binding: binding))
            }
            sockets.append(answer.socket)
        }
        return OpenAddress(group: group, sockets: sockets)
    }

    private struct SocketAnswer: @unchecked Sendable {
        let socket: ListeningSocketPointer
    }

    /// Puts the files of Unix sockets that another listener of ours had until now in their place.
    func publishAddresses(of listener: RunningListener) {
        for address in listener.addresses.keys {
            do throws(SystemError) {
                try listener.addresses[address]?.group.publish()
            } catch {
                logger.error("cannot take over \(address): \(error)", metadata: ["listener": "\(listener.name)"])
            }
        }
    }

    /// Stops the sockets of an address on all loops, and waits for it.
    func close(_ address: OpenAddress) {
        address.group.removeFile()
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let socket = address.sockets[index]
            loop.ask { $0.stopListening(socket) }
        }
    }
}
