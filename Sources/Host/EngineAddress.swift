import Engine
import Glibc
import HostInterface
import Instances
import PluginHost

/// The sockets of an address on the event loops, which have duplicates of the descriptors. Used on the control thread.
final class EngineAddress: RuntimeAddress, @unchecked Sendable {
    private let engine: Engine
    let descriptors: [Int32]
    private let shared: Bool
    /// One for each loop, in the order of the loops.
    private var owned: [ListeningSocketPointer] = []
    /// Sockets that another loop serves because their own loop is stuck.
    private var borrowed: [BorrowedSocket] = []

    init(
        _ engine: Engine, _ originals: [Int32], shared: Bool, _ name: String, _ instance: PluginInstance
    ) throws(ListenFailure) {
        guard originals.count == engine.loops.count else {
            throw ListenFailure(text: "\(originals.count) sockets for \(engine.loops.count) event loops")
        }
        let descriptors = try duplicates(of: originals)
        self.engine = engine
        self.descriptors = descriptors
        self.shared = shared
        nonisolated(unsafe) let name = EndpointName.interned(name)
        for (index, loop) in engine.loops.enumerated() {
            nonisolated(unsafe) let binding = instance.bindings[index]
            let descriptor = descriptors[index]
            let answer = loop.ask { core in
                SocketAnswer(
                    socket: core.listen(
                        descriptor: descriptor, shared: shared, endpoint: name, binding: binding, isWatched: false))
            }
            guard let answer else {
                close()
                for descriptor in descriptors[index...] { Glibc.close(descriptor) }
                throw ListenFailure(text: "event loop \(index) \(Stall.text(of: loop.page))")
            }
            owned.append(answer.socket)
        }
    }

    func beginAccepting() {
        for (loop, socket) in zip(engine.loops, owned) {
            nonisolated(unsafe) let socket = socket
            loop.run { $0.watch(socket) }
        }
    }

    func close() {
        for borrowed in borrowed { giveBack(borrowed) }
        for (loop, socket) in zip(engine.loops, owned) {
            nonisolated(unsafe) let socket = socket
            _ = loop.order { $0.stopListening(socket) }
        }
    }

    /// All sockets of the address on one loop.
    func sockets(on loop: Int) -> [ListeningSocketPointer] {
        [owned[loop]] + borrowed.filter { $0.borrower == loop }.map(\.socket)
    }

    // MARK: Stuck loops

    /// With SO_REUSEPORT the kernel still gives peers to the socket of a stuck loop. Another loop accepts them from that socket
    /// until the stuck loop turns again.
    func cover(_ stuck: Set<Int>, name: String, _ target: SocketTarget) {
        guard !shared else { return }
        for borrowed in borrowed where !stuck.contains(borrowed.owner) { giveBack(borrowed) }
        borrowed.removeAll { !stuck.contains($0.owner) }
        for owner in stuck where !borrowed.contains(where: { $0.owner == owner }) {
            if let socket = borrow(owner, name, target) { borrowed.append(socket) }
        }
    }

    private func borrow(_ owner: Int, _ name: String, _ target: SocketTarget) -> BorrowedSocket? {
        let healthy = engine.loops.filter { !$0.isStuck }
        guard !healthy.isEmpty else { return nil }
        let loop = healthy[owner % healthy.count]
        nonisolated(unsafe) let (binding, candidate) = target.bindings(on: loop.index)
        nonisolated(unsafe) let name = EndpointName.interned(name)
        // A duplicate: the owner may close its own while the borrower is held up, and that number may then belong to another file.
        let descriptor = fcntl(descriptors[owner], F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        let answer = loop.ask { core in
            let socket = core.listen(
                descriptor: descriptor, shared: false, endpoint: name, binding: binding, isBorrowed: true)
            (socket.pointee.candidate, socket.pointee.share) = (candidate, target.share)
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

/// The socket of a stuck loop, on the loop that accepts from it meanwhile.
private struct BorrowedSocket {
    let owner: Int
    let borrower: Int
    let socket: ListeningSocketPointer
}

private struct SocketAnswer: @unchecked Sendable {
    let socket: ListeningSocketPointer
}

/// Of all descriptors, or of none. fcntl(2)
private func duplicates(of originals: [Int32]) throws(ListenFailure) -> [Int32] {
    var copies: [Int32] = []
    for original in originals {
        let copy = fcntl(original, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else {
            let reason = String(cString: strerror(errno))
            for copy in copies { close(copy) }
            throw ListenFailure(text: "fcntl: \(reason)")
        }
        copies.append(copy)
    }
    return copies
}
