import Glibc
import Synchronization
import Threads

/// One question and its answer on a `SocketService`. Each phase has one deadline, so a peer that sends or reads a byte now and
/// then gains nothing. Used on the conversation's own thread; only `end` is called from another thread.
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

    /// - Parameter descriptor: a connected, non-blocking socket. `close` closes it.
    init(_ descriptor: Int32) { self.descriptor = descriptor }

    var phase: Phase { state.withLock { $0.phase } }

    /// The request is complete. The time that the answer takes counts against no deadline.
    func beginAnswer() { state.withLock { $0.phase = .answer } }

    /// Returns more bytes of the request, or nil when the peer is gone or the deadline has passed.
    func receive() -> [UInt8]? {
        receive(by: Deadline(nanoseconds: accepted + Self.requestMilliseconds * 1_000_000))
    }

    /// Writes the answer. Returns false when the peer did not read all of it in time.
    func send(_ bytes: [UInt8]) -> Bool {
        let end = Deadline.after(milliseconds: Self.answerMilliseconds)
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

    /// Reads and drops further input, so that closing does not reset the connection before the peer has read the answer (RFC
    /// 9112, 9.6).
    func linger() {
        state.withLock { $0.phase = .lingering }
        shutdown(descriptor, Int32(SHUT_WR))
        let end = Deadline.after(milliseconds: Self.lingerMilliseconds)
        var count = 0
        while count < Self.lingerBytes, let bytes = receive(by: end) { count += bytes.count }
    }

    /// Shuts the conversation down to make room for another. Called from another thread.
    func end() {
        state.withLock { if $0.isOpen { _ = shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    func close() {
        state.withLock { state in
            state.isOpen = false
            _ = Glibc.close(descriptor)
        }
    }

    private func receive(by end: Deadline) -> [UInt8]? {
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

    /// Returns false when the event does not come by `end`.
    private func wait(for event: Int32, by end: Deadline) -> Bool {
        var time = WaitingTime(until: end)
        while true {
            let next = time.next()
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            // What has come is taken also when the time is over.
            let count = poll(&entry, 1, next?.pollMilliseconds ?? 0)
            if count > 0 { return true }
            if next == nil || count < 0 && errno != EINTR { return false }
        }
    }
}
