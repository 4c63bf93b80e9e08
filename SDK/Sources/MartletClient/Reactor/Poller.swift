import CEpoll
import Glibc

/// epoll(7), level-triggered. Tokens are never used twice, so an event of a closed socket finds nobody.
final class Poller {
    struct Interest: OptionSet {
        let rawValue: UInt32
        static let input = Interest(rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
        static let output = Interest(rawValue: EPOLLOUT.rawValue)
    }

    struct Event {
        let token: UInt64
        let isWritable: Bool
        /// Also after an error or the end.
        let isReadable: Bool
    }

    private let descriptor: Int32
    private var nextToken: UInt64 = 0
    private var list = [epoll_event](repeating: epoll_event(), count: 64)

    init() throws(SystemFailure) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw SystemFailure("epoll_create1") }
    }

    deinit { Glibc.close(descriptor) }

    /// Returns the token of its events.
    func add(_ socket: Int32, _ interest: Interest) throws(SystemFailure) -> UInt64 {
        nextToken += 1
        try control(EPOLL_CTL_ADD, socket, nextToken, interest)
        return nextToken
    }

    func change(_ socket: Int32, _ token: UInt64, _ interest: Interest) throws(SystemFailure) {
        try control(EPOLL_CTL_MOD, socket, token, interest)
    }

    /// Before the socket is closed: a child process may have a copy of it.
    func remove(_ socket: Int32) { try? control(EPOLL_CTL_DEL, socket, 0, []) }

    private func control(
        _ operation: Int32, _ socket: Int32, _ token: UInt64, _ interest: Interest
    ) throws(SystemFailure) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = token
        guard epoll_ctl(descriptor, operation, socket, &event) == 0 else { throw SystemFailure("epoll_ctl") }
    }

    /// - Parameter milliseconds: -1: until something happens.
    func wait(milliseconds: Int32, _ events: inout [Event]) {
        events.removeAll(keepingCapacity: true)
        var count = epoll_wait(descriptor, &list, Int32(list.count), milliseconds)
        // A process that was stopped must see its input before it looks at the clock, or it would blame its servers for the silence.
        if count < 0 { count = epoll_wait(descriptor, &list, Int32(list.count), 0) }
        for index in 0..<Int(max(count, 0)) {
            let event = list[index]
            let failed = EPOLLERR.rawValue | EPOLLHUP.rawValue
            events.append(
                Event(
                    token: event.data.u64, isWritable: event.events & (EPOLLOUT.rawValue | failed) != 0,
                    isReadable: event.events & (Interest.input.rawValue | failed) != 0))
        }
    }
}
