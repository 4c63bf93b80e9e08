import CLinux
import Engine
import Glibc
import Synchronization

/// A listening socket beside the engine, for those who operate the server: a blocking thread for each conversation, few at a
/// time. So it answers also when every event loop is held up.
final class SocketService: Sendable {
    private static let concurrentLimit = 16

    let address: ListeningAddress
    private let group: ListeningSocketGroup
    private let name: String
    private let wake: [Int32]
    private let thread = Mutex<NamedThread?>(nil)
    private let busy = Atomic<Int>(0)

    /// - Parameter name: of its threads.
    init(_ address: ListeningAddress, name: String) throws(SystemError) {
        self.name = name
        group = try ListeningSocketGroup.open(
            address,
            options: ListeningSocketOptions(
                backlog: 64, noDelay: false, keepAlive: false, keepAliveIdleSeconds: 0, keepAliveIntervalSeconds: 0,
                keepAliveCount: 0, receiveBuffer: 0, sendBuffer: 0, unixMode: 0o600),
            count: 1, exclusive: true)
        do throws(SystemError) {
            try group.listen()
        } catch {
            group.closeAll()
            throw error
        }
        self.address = group.address
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else {
            let error = SystemError("pipe")
            group.closeAll()
            throw error
        }
        wake = ends
    }

    /// Has a conversation with each peer, on threads of its own, until `stop`. A conversation has blocking calls that end after
    /// a few seconds, and leaves the socket open.
    func serve(_ converse: @escaping @Sendable (Int32) -> Void) {
        let thread = try? NamedThread(name: name) { [self] in acceptAll(converse) }
        self.thread.withLock { $0 = thread }
    }

    func stop() {
        close(wake[1])
        thread.withLock { $0 }?.join()
        group.closeAll()
        close(wake[0])
    }

    private func acceptAll(_ converse: @escaping @Sendable (Int32) -> Void) {
        while true {
            var entries = [
                pollfd(fd: group.descriptors[0], events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake[0], events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            if entries[1].revents != 0 { return }
            let connection = accept(group.descriptors[0], nil, nil)
            guard connection >= 0 else {
                // Without descriptors the question stays in the accept queue: do not spin on it.
                if errno != EINTR, errno != EAGAIN { poll(nil, 0, 100) }
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            limitWaiting(connection)
            guard busy.wrappingAdd(1, ordering: .relaxed).newValue <= Self.concurrentLimit else {
                finish(connection)
                continue
            }
            guard
                let helper = try? NamedThread(
                    name: name,
                    { [self] in
                        converse(connection)
                        finish(connection)
                    })
            else {
                finish(connection)
                continue
            }
            helper.detach()
        }
    }

    private func limitWaiting(_ connection: Int32) {
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
    }

    private func finish(_ connection: Int32) {
        close(connection)
        busy.wrappingSubtract(1, ordering: .relaxed)
    }
}
