import Configuration
import Engine
import Glibc
import PluginHost

/// Where the listening sockets of a listener lead. On the control thread.
extension Server {
    /// How a change of sockets goes about a loop that does not turn.
    enum Insistence {
        /// It is not done there, and the caller hears of it.
        case canFail
        /// It is done there once the loop turns again.
        case settled
    }

    /// Makes all sockets of a listener lead to its current generation, and a candidate's share to that, under the names that their
    /// endpoints have now. Each loop takes the change between two callbacks. Returns why it could not be done everywhere.
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

    /// Tells the plugins' `hand_over` who takes connections: those that have their sockets and keep them.
    func publishListeners() {
        engine.listeners.set(listeners.filter { !$0.value.isStopping }.mapValues(\.admission))
    }

    /// Lets peers connect to an address, for an instance. On failure the sockets are closed.
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
        // All loops are ready before the first peer can come.
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

    /// Stops the sockets of an address on all loops. One that does not turn does so later.
    func close(_ address: OpenAddress) {
        address.group.removeFile()
        for borrowed in address.borrowed { giveBack(borrowed) }
        for (loop, socket) in zip(engine.loops, address.owned) {
            nonisolated(unsafe) let socket = socket
            _ = loop.order { $0.stopListening(socket) }
        }
    }

    // MARK: Loops that do not turn

    /// SO_REUSEPORT goes on giving peers to the socket of a loop that does not turn. Another loop takes them from there until
    /// it turns again.
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
