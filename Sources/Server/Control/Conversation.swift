import Glibc
import Synchronization
import Threads

/// One question and its answer on a `SocketService`. Each part has one deadline for the whole of it, so a peer that sends a byte
/// now and then, or takes one, gains nothing. Used by the thread that has the conversation; only `end` comes from another one.
final class Conversation: Sendable {
    enum Phase { case request, answer, lingering }

    private static let requestMilliseconds: UInt64 = 5_000
    private static let answerMilliseconds: UInt64 = 10_000
    private static let lingerMilliseconds: UInt64 = 1_000
    private static let lingerBytes = 64 << 10

    private struct State {
        var phase = Phase.request
        var isOpen = true
    }

    let descriptor: Int32
    let accepted = readMonotonicClock()
    private let state = Mutex(State())

    /// - Parameter descriptor: a connected socket that does not block. It is closed by `close`.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var phase: Phase { state.withLock { $0.phase } }

    /// The request is complete: what the answer takes counts against nobody's deadline.
    func beginAnswer() { state.withLock { $0.phase = .answer } }

    /// More bytes of the request. Nil: the peer is gone, or has had its time.
    func receive() -> [UInt8]? { receive(by: accepted + Self.requestMilliseconds * 1_000_000) }

    /// Writes the answer. False: the peer did not take all of it in time.
    func send(_ bytes: [UInt8]) -> Bool {
        let end = readMonotonicClock() + Self.answerMilliseconds * 1_000_000
        var rest = bytes[...]
        while !rest.isEmpty {
            guard wait(for: POLLOUT, by: end) else { return false }
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR, errno != EAGAIN {
                return false
            }
        }
        return true
    }

    /// Reads and drops what the peer still sends, so that it does not turn the answer into a reset (RFC 9112, 9.6).
    func linger() {
        state.withLock { $0.phase = .lingering }
        shutdown(descriptor, Int32(SHUT_WR))
        let end = readMonotonicClock() + Self.lingerMilliseconds * 1_000_000
        var count = 0
        while count < Self.lingerBytes, let bytes = receive(by: end) { count += bytes.count }
    }

    /// From another thread: makes room for another conversation.
    func end() {
        state.withLock { if $0.isOpen { _ = shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    func close() {
        state.withLock { state in
            state.isOpen = false
            _ = Glibc.close(descriptor)
        }
    }

    private func receive(by end: UInt64) -> [UInt8]? {
        while wait(for: POLLIN, by: end) {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, filled in
                let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                failure = count < 0 ? errno : 0
                filled = max(count, 0)
            }
            if failure == EINTR || failure == EAGAIN { continue }
            return bytes.isEmpty ? nil : bytes
        }
        return nil
    }

    /// False: it did not come by then. Nanoseconds of the monotonic clock.
    private func wait(for event: Int32, by end: UInt64) -> Bool {
        while true {
            let now = readMonotonicClock()
            guard now < end else { return false }
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let count = poll(&entry, 1, Int32(clamping: (end - now + 999_999) / 1_000_000))
            if count > 0 { return true }
            if count < 0, errno != EINTR { return false }
        }
    }
}
