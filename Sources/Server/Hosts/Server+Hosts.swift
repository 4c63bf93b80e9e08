import Addresses
import Configuration
import Engine
import Glibc
import HostInterface
import Listening
import Telemetry
import Threads

/// The hosts: one for all listeners, and one for each group of listeners that are isolated. On the control thread, unless it says otherwise.
extension Server {
    /// The shared one first, then by name. On any thread.
    var hosts: [RunningHost] {
        hostTable.withLock { Array($0.values) }.filter { !$0.isEnding.load(ordering: .relaxed) }.sorted {
            ($0 !== shared ? 1 : 0, $0.name) < ($1 !== shared ? 1 : 0, $1.name)
        }
    }

    /// The host that runs a listener; started if there is none.
    func host(for configuration: ListenerConfiguration) throws -> RunningHost {
        let name = configuration.host
        if let host = hosts.first(where: { $0.name == name }) { return host }
        let place = try Self.freePlace(besides: takenPlaces)
        let host = RunningHost(name, place: place, try makeRuntime(name, at: place))
        hostTable.withLock { $0[place] = host }
        observe(host)
        logger.info("a host has been started", metadata: ["host": "\(name)"])
        return host
    }

    /// A place in the quotas that no host has.
    static func freePlace(besides taken: Set<Int>) throws(StartProblem) -> Int {
        guard let place = (0..<SharedQuotas.placeLimit).first(where: { !taken.contains($0) }) else {
            throw StartProblem(lines: ["there are \(taken.count) hosts already, the most that there can be"])
        }
        return place
    }

    /// Starts a runtime. Its quotas begin at 0.
    func makeRuntime(_ name: String, at place: Int) throws -> any Runtime {
        quotas.open(place)
        return try settings.makeRuntime(
            RuntimeOutfit(
                settings: RuntimeSettings(process).withFixed(fixedSettings), control: control, log: log, locks: locks,
                quotas: quotas, place: place, name: name, directory: directory.path))
    }

    /// Learns from now on what the host's runtime notices, and how it ends.
    func observe(_ host: RunningHost) {
        let runtime = host.runtime
        runtime.watch { [weak self] in
            guard let self else { return }
            control.run { self.coverStuckLoops() }
        }
        // The host has the runtime, which has this function.
        runtime.onEnd { [weak self, weak host, weak runtime] end in
            guard let self, let host, let runtime else { return }
            control.run { self.recover(host, from: end, of: runtime) }
        }
        meetKeepers(of: host)
    }

    /// Asks for the keepers of a host until they are there: on a busy machine they may be late. Later the watch does.
    private func meetKeepers(of host: RunningHost, after delay: UInt64 = 100) {
        let runtime = host.runtime
        guard runtime.processID != nil, runtime.keepers.count < 2, delay < 5_000 else { return }
        control.run(after: delay, changes: false) { [weak self, weak host, weak runtime] in
            guard let self, let host, let runtime, host.runtime === runtime, !isStopping else { return }
            _ = runtime.lookAtKeepers()
            meetKeepers(of: host, after: delay * 2)
        }
    }

    /// Ends the hosts that nothing needs any more: no listener, and no instance that has not ended.
    func removeUnusedHosts() {
        for host in hosts where host !== shared && host.made.isEmpty {
            guard !listeners.values.contains(where: { $0.host === host }) else { continue }
            host.isEnding.store(true, ordering: .relaxed)
            logger.info("a host that nothing needs is ended", metadata: ["host": "\(host.name)"])
            let place = host.place
            hostEnds.run { [self] in
                host.runtime.stop()
                quotas.clear(place)
                hostTable.withLock { $0[place] = nil }
            }
        }
    }

    // MARK: Hosts of an earlier server

    /// They have no listening sockets any more, and end with their last connections. On any thread.
    var earlierHosts: [any OrphanedRuntime] { earlier.withLock { $0 } }

    /// Lets the hosts of an earlier server end with their connections: its listeners run in new ones.
    func letEarlierHostsGo() {
        for sockets in inherited { for descriptor in sockets.descriptors { Glibc.close(descriptor) } }
        inherited = []
        for host in earlierHosts {
            host.letGo()
            logger.notice(
                "a host of an earlier server keeps its connections until they end",
                metadata: ["host": "\(host.name)", "pid": "\(host.processID)"])
        }
        if !earlierHosts.isEmpty { lookAtEarlierHosts() }
    }

    private func lookAtEarlierHosts() {
        control.run(after: 1_000) { [self] in
            let left = earlierHosts.filter { host in
                guard host.activity.isNone else { return true }
                quotas.clear(host.place)
                return false
            }
            earlier.withLock { $0 = left }
            if !left.isEmpty { lookAtEarlierHosts() }
        }
    }

    /// The listening sockets that an earlier server had at an address of a listener. nil: none, or for another number of loops.
    func inheritedSockets(of listener: String, _ endpoint: Endpoint, _ socket: SocketOptions) -> ListeningSocketGroup? {
        let address = "\(endpoint.address)"
        guard
            let index = inherited.firstIndex(where: {
                $0.listener == listener && $0.configured == address
                    && $0.descriptors.count == shared.runtime.loopCount
            })
        else { return nil }
        let sockets = inherited.remove(at: index)
        return ListeningSocketGroup(
            inherited: sockets.descriptors, at: sockets.port.map(endpoint.address.with) ?? endpoint.address,
            shared: sockets.shared, options: ListeningSocketOptions(socket))
    }

    /// An earlier server's hosts still have the address, until they are let go.
    func hasInherited(_ address: ListenAddress) -> Bool { inherited.contains { $0.configured == "\(address)" } }

    /// Ends the earlier hosts. Returns how many connections they still had.
    func endEarlierHosts() -> Int {
        let left = earlierHosts
        let count = left.reduce(0) { $0 + $1.activity.connections }
        for host in left { host.abandon() }
        earlier.withLock { $0 = [] }
        return count
    }

    // MARK: All of them, on any thread

    /// What all hosts have left to do.
    var activity: RuntimeActivity {
        (hosts.map(\.runtime.activity) + earlierHosts.map(\.activity)).reduce(.none, +)
    }

    func beginDrainingAll() {
        for host in hosts { host.runtime.beginDraining() }
        for host in earlierHosts { host.beginDraining() }
    }
}

/// What a runtime is made with.
package struct RuntimeOutfit: Sendable {
    package let settings: RuntimeSettings
    /// The control thread, for a runtime in this process.
    package let control: SerialThread
    package let log: ProcessLog
    /// The descriptors that hold the locks of this server. A runtime's own process keeps them open: the next server must not start before
    /// that process has ended too.
    package let locks: [Int32]
    /// Limits that all runtimes have together.
    package let quotas: SharedQuotas
    /// Of the runtime, in the quotas.
    package let place: Int
    /// Of the host.
    package let name: String
    /// The runtime directory, where the next control side finds the runtime.
    package let directory: String
}
