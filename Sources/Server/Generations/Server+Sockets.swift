import Configuration
import Engine
import Glibc
import Instances
import PluginHost

/// Connects the listening sockets of a listener to its generations. On the control thread.
extension Server {
    /// What a change of sockets does about a stuck loop.
    enum Insistence {
        /// The change is not made on that loop, and the caller gets an error.
        case canFail
        /// The loop makes the change once it turns again.
        case settled
    }

    /// Points all sockets of a listener at its current generation, and a candidate's share at the candidate, with the current
    /// names of their endpoints. Each loop makes the change between two callbacks. Returns the reason when a loop did not.
    @discardableResult
    func pointSockets(of listener: RunningListener, _ insistence: Insistence = .settled) -> String? {
        let share = listener.candidate?.generation.recipe.configuration.rollout.percent ?? 0
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let sockets = listener.addresses.values.flatMap { address in
                address.sockets(on: index).map { (socket: $0, name: address.name) }
            }
            nonisolated(unsafe) let current = listener.current.instance.bindings[index]
            nonisolated(unsafe) let candidate = listener.candidate?.generation.instance.bindings[index]
            let isDone = tell(loop, insistence) { core in
                for (socket, name) in sockets {
                    socket.pointee.endpoint = name
                    core.retarget(socket, to: current)
                    core.setCandidate(candidate, share: share, on: socket)
                }
            }
            if !isDone, insistence == .canFail { return "event loop \(index) \(Stall.text(of: loop))" }
        }
        return nil
    }

    private func tell(
        _ loop: EventLoop, _ insistence: Insistence, _ body: @escaping @Sendable (LoopPointer) -> Void
    ) -> Bool {
        switch insistence {
        case .canFail: loop.ask(body) != nil
        case .settled: loop.order(body) != nil
        }
    }

    /// Publishes the listeners that take connections, for the plugins' `hand_over`: those that are not stopping.
    func publishListeners() {
        engine.listeners.set(listeners.filter { !$0.value.isStopping }.mapValues(\.admission))
    }

    /// Opens an address for an instance, so that peers can connect. Closes the sockets on failure.
    func listen(
        _ group: ListeningSocketGroup, at endpoint: Endpoint, _ instance: PluginInstance
    ) throws(ListenFailure) -> OpenAddress {
        var open = OpenAddress(group: group, endpoint: endpoint, owned: [])
        nonisolated(unsafe) let name = open.name
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = instance.bindings[index]
            let (descriptor, shared) = (group.descriptors[index], group.shared)
            let answer = loop.ask { core in
                SocketAnswer(
                    socket: core.listen(
                        descriptor: descriptor, shared: shared, endpoint: name, binding: binding, isWatched: false))
            }
            guard let answer else {
                close(open)
                group.closeAll(from: open.owned.count)
                throw ListenFailure(text: "event loop \(index) \(Stall.text(of: loop))")
            }
            open.owned.append(answer.socket)
        }
        // All loops are ready before the first peer can connect.
        do throws(SystemError) {
            try group.listen()
        } catch {
            close(open)
            throw ListenFailure(text: error.description)
        }
        for (loop, socket) in zip(engine.loops, open.owned) {
            nonisolated(unsafe) let socket = socket
            loop.run { $0.watch(socket) }
        }
        return open
    }

    /// Why an address could not be opened at the commit.
    struct ListenFailure: Error { let text: String }

    private struct SocketAnswer: @unchecked Sendable {
        let socket: ListeningSocketPointer
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
        for borrowed in address.borrowed { giveBack(borrowed) }
        for (loop, socket) in zip(engine.loops, address.owned) {
            nonisolated(unsafe) let socket = socket
            _ = loop.order { $0.stopListening(socket) }
        }
    }

    // MARK: Stuck loops

    /// With SO_REUSEPORT the kernel still gives peers to the socket of a stuck loop. Another loop accepts them from that socket
    /// until the stuck loop turns again.
    func coverStuckLoops() {
        guard !isStopping, engine.loops.count > 1 else { return }
        let stuck = Set(engine.loops.filter(\.isStuck).map(\.index))
        for listener in listeners.values {
            for key in listener.addresses.keys {
                guard var address = listener.addresses[key], !address.group.shared else { continue }
                for borrowed in address.borrowed where !stuck.contains(borrowed.owner) { giveBack(borrowed) }
                address.borrowed.removeAll { !stuck.contains($0.owner) }
                for owner in stuck where !address.borrowed.contains(where: { $0.owner == owner }) {
                    if let borrowed = borrow(owner, address, listener) { address.borrowed.append(borrowed) }
                }
                listener.addresses[key] = address
            }
        }
    }

    private func borrow(_ owner: Int, _ address: OpenAddress, _ listener: RunningListener) -> BorrowedSocket? {
        let healthy = engine.loops.filter { !$0.isStuck }
        guard !healthy.isEmpty else { return nil }
        let loop = healthy[owner % healthy.count]
        nonisolated(unsafe) let binding = listener.current.instance.bindings[loop.index]
        nonisolated(unsafe) let candidate = listener.candidate?.generation.instance.bindings[loop.index]
        nonisolated(unsafe) let name = address.name
        let share = listener.candidate?.generation.recipe.configuration.rollout.percent ?? 0
        guard let descriptor = address.group.duplicate(owner) else { return nil }
        let answer = loop.ask { core in
            let socket = core.listen(
                descriptor: descriptor, shared: false, endpoint: name, binding: binding, isBorrowed: true)
            core.setCandidate(candidate, share: share, on: socket)
            return SocketAnswer(socket: socket)
        }
        guard let answer else {
            Glibc.close(descriptor)
            return nil
        }
        return BorrowedSocket(owner: owner, borrower: loop.index, socket: answer.socket)
    }

    private func giveBack(_ borrowed: BorrowedSocket) {
        nonisolated(unsafe) let socket = borrowed.socket
        _ = engine.loops[borrowed.borrower].order { $0.stopListening(socket) }
    }
}
