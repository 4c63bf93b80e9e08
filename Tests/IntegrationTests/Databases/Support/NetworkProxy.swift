import Glibc
import Synchronization

/// A network that drops, between a client and a server on 127.0.0.1. One thread accepts, and each connection has one of its own.
final class NetworkProxy: Sendable {
    enum Mode: Sendable, Equatable {
        case open
        /// Nothing arrives, in neither direction.
        case blackHole
        /// The server gets what the client sends. Its answers are lost, on a connection on which the client sends this text from then on.
        case losesAnswers(to: String)
        /// Each piece arrives so many milliseconds later.
        case slow(Int32)
    }

    private struct State {
        var mode = Mode.open
        /// Connections made before are reset.
        var epoch = 0
        var isStopped = false
        /// Of each epoch.
        var connections: [Int: Int] = [:]
    }

    /// Outlives the proxy until its threads have noticed the end.
    private final class Shared: Sendable {
        let state = Mutex(State())
        let target: UInt16
        let listener: Int32

        init(_ target: UInt16, _ listener: Int32) { (self.target, self.listener) = (target, listener) }
        deinit { close(listener) }
    }

    let port: UInt16
    private let shared: Shared

    /// - Parameter target: the port of the server.
    init(to target: UInt16) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        shared = Shared(target, listener)
        let bound = ServerAddress.ipv4("127.0.0.1", port: 0).withSocketAddress { bind(listener, $0, $1) }
        guard bound == 0, listen(listener, 64) == 0 else { throw Failure.system("listen") }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        port = UInt16(bigEndian: address.sin_port)
        let shared = shared
        _ = try Background { try Self.accept(shared) }
    }

    deinit { shared.state.withLock { $0.isStopped = true } }

    func set(_ mode: Mode) { shared.state.withLock { $0.mode = mode } }

    /// Resets all connections. What was on its way is lost. New ones may be there when it returns.
    func cut() throws {
        shared.state.withLock { $0.epoch += 1 }
        try waitUntil("the connections are reset") {
            shared.state.withLock { state in state.connections.allSatisfy { $0 >= state.epoch || $1 == 0 } }
        }
    }

    // MARK: Threads

    private static func accept(_ shared: Shared) throws {
        while !shared.state.withLock({ $0.isStopped }) {
            var entry = pollfd(fd: shared.listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 10) > 0 else { continue }
            let client = Glibc.accept(shared.listener, nil, nil)
            guard client >= 0 else { continue }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            let epoch = shared.state.withLock { state in
                state.connections[state.epoch, default: 0] += 1
                return state.epoch
            }
            _ = try Background { serve(client, shared, epoch) }
        }
    }

    private static func serve(_ client: Int32, _ shared: Shared, _ epoch: Int) {
        defer { shared.state.withLock { $0.connections[epoch, default: 0] -= 1 } }
        var ends = [client]
        defer { for end in ends { close(end) } }
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        ends.append(server)
        let connected = ServerAddress.ipv4("127.0.0.1", port: shared.target).withSocketAddress {
            connect(server, $0, $1)
        }
        guard connected == 0 else { return }
        var hasAsked = false
        while true {
            var entries = ends.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let isReady = poll(&entries, 2, 2) > 0
            // After the wait: what was sent after a change of the mode meets the new one.
            let state = shared.state.withLock { $0 }
            guard state.epoch == epoch, !state.isStopped else {
                for end in ends { reset(end) }
                return
            }
            guard isReady, state.mode != .blackHole else {
                if isReady { poll(nil, 0, 2) }
                continue
            }
            for (index, entry) in entries.enumerated() where entry.revents != 0 {
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                let count = recv(ends[index], &bytes, bytes.count, 0)
                guard count > 0 else { return }
                bytes.removeLast(bytes.count - count)
                switch state.mode {
                case .losesAnswers(let text):
                    if index == 0 { hasAsked = hasAsked || has(bytes, text) }
                    if index == 1, hasAsked { continue }
                case .slow(let milliseconds): poll(nil, 0, milliseconds)
                case .open, .blackHole: break
                }
                guard (try? sendAll(bytes, to: ends[1 - index])) != nil else { return }
            }
        }
    }

    private static func has(_ bytes: [UInt8], _ text: String) -> Bool {
        let text = Array(text.utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: text) }
    }

    private static func reset(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }
}
