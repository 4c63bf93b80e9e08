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

    private static let answerMilliseconds: UInt64 = 2_000

    /// The hosts that wait in a runtime directory.
    package static func all(in directory: String) -> Orphans {
        var orphans = Orphans()
        for place in 0..<SharedQuotas.placeLimit {
            let path = Rendezvous.path(in: directory, place: place)
            guard let channel = Rendezvous.connect(to: path) else { continue }
            if let host = try? OrphanedHost(channel) {
                orphans.runtimes.append(host)
            } else {
                orphans.silentPlaces.insert(place)
            }
        }
        return orphans
    }

    /// Throws when the host does not answer: it has a control side.
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
        if !connection.isOver, Self.isHost(processID) { kill(processID, SIGKILL) }
        connection.end()
    }
}
