import CLinux
import Engine
import Glibc
import HostInterface
import HostLink
import Threads

/// A host that has lost its control side, as the next one sees it.
package final class OrphanedHost: OrphanedRuntime {
    package let processID: Int32
    package let name: String
    package let locks: [Int32]
    package let quotas: SharedQuotas
    package let place: Int
    package let sockets: [OrphanedSockets]
    private let connection: HostConnection
    private let pages: PublishedPages

    /// A host answers at once, unless it is stopped or the machine is busy.
    private static let answerMilliseconds: UInt64 = 10_000

    /// The hosts that wait in a runtime directory. One that does not answer is ended.
    package static func all(in directory: String) -> Orphans {
        var orphans = Orphans()
        for (path, place, process) in Rendezvous.all(in: directory) {
            guard let channel = Rendezvous.connect(to: path) else {
                // Its host has ended.
                unlink(path)
                continue
            }
            do {
                orphans.runtimes.append(try OrphanedHost(channel))
            } catch {
                // Its listening sockets would go on taking peers that nobody serves.
                end(process)
                unlink(path)
                orphans.ended.append(Orphans.Ended(processID: process, place: place, reason: "\(error)"))
            }
        }
        return orphans
    }

    /// Throws when the host does not answer, or not as a host does.
    private init(_ channel: Channel) throws {
        let connection = HostConnection(channel) { _ in }
        self.connection = connection
        do {
            try NamedThread(name: "host-link") { connection.receive { _ in } }.detach()
            let taken = try connection.callForDescriptors(TakeOver(), by: .after(milliseconds: Self.answerMilliseconds))
            guard taken.descriptors.count >= 2 else { throw HostProblem(text: "the host has sent no pages") }
            guard taken.answer.pid > 1, (0..<SharedQuotas.placeLimit).contains(taken.answer.place) else {
                throw HostProblem(text: "the host says what no host says")
            }
            (processID, name, place) = (taken.answer.pid, taken.answer.name, taken.answer.place)
            locks = Array(taken.descriptors.dropFirst(2))
            quotas = try SharedQuotas(sharing: taken.descriptors[0])
            pages = try PublishedPages(reading: taken.descriptors[1])
            sockets = try taken.answer.addresses.map { address in
                let call = TakeSockets(address: address.handle)
                let sockets = try connection.callForDescriptors(call, by: .after(milliseconds: Self.answerMilliseconds))
                return OrphanedSockets(
                    listener: address.description.listener, configured: address.description.configured,
                    port: address.description.port, shared: address.shared, descriptors: sockets.descriptors)
            }
        } catch {
            connection.end()
            throw error
        }
    }

    /// Ends a host, and waits until its locks are free.
    private static func end(_ process: Int32) {
        let descriptor = linux_process_descriptor(process)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // Another process may have got the number in between. The group includes what its plugins have started.
        guard isHost(process), kill(-process, SIGKILL) == 0 else { return }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, 5_000)
    }

    /// proc_pid_cmdline(5)
    private static func isHost(_ process: Int32) -> Bool {
        ProcessFile.text(process, "cmdline") == "martlet\0\(HostProcess.command)\0"
    }

    package func letGo() { connection.order(LetGo()) }
    package func beginDraining() { connection.order(BeginDraining()) }

    package var activity: RuntimeActivity {
        connection.isOver ? .none : RuntimeActivity(pages, connections: quotas.connectionCount(place))
    }

    /// The process is not a child of this one, but its number is its own as long as the channel is open. The host has told the number, and
    /// another process is not ended for that.
    package func abandon() {
        if !connection.isOver, Self.isHost(processID) { kill(-processID, SIGKILL) }
        connection.end()
    }
}
