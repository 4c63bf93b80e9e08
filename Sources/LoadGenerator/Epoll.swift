import Glibc

/// An edge-triggered epoll. Each socket is added once with a token that the caller chooses; closing the socket removes it.
struct Epoll: ~Copyable {
    private let descriptor: Int32
    private var events: [Event]
    private let control = LinuxFunction.find("epoll_ctl", as: LinuxFunction.EpollControl.self)
    private let waitForEvents = LinuxFunction.find("epoll_wait", as: LinuxFunction.EpollWait.self)

    /// `struct epoll_event`: packed on x86-64, naturally aligned elsewhere.
    private struct Event {
        var flags: UInt32 = 0
        #if !arch(x86_64)
            private var padding: UInt32 = 0
        #endif
        var token: UInt32 = 0
        var unusedToken: UInt32 = 0
    }

    private enum Flag {
        static let readable: UInt32 = 0x001
        static let writable: UInt32 = 0x004
        static let failed: UInt32 = 0x008
        static let hungUp: UInt32 = 0x010
        static let peerFinished: UInt32 = 0x2000
        static let edgeTriggered: UInt32 = 1 << 31
    }

    /// C: `epoll_create1`
    init(eventsPerTurn: Int) throws(LoadError) {
        precondition(eventsPerTurn > 0)
        descriptor = LinuxFunction.find("epoll_create1", as: LinuxFunction.EpollCreate.self)(O_CLOEXEC)
        events = Array(repeating: Event(), count: eventsPerTurn)
        guard descriptor >= 0 else { throw .last("create an epoll") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// C: `epoll_ctl`
    func add(_ socket: Socket, token: UInt32) throws(LoadError) {
        var event = Event()
        event.flags = Flag.readable | Flag.writable | Flag.peerFinished | Flag.edgeTriggered
        event.token = token
        let add: Int32 = 1
        guard control(descriptor, add, socket.descriptor, &event) == 0 else { throw .last("add a socket to an epoll") }
    }

    /// Returns the number of events: 0 when the time is up or a signal arrived. C: `epoll_wait`
    mutating func wait(timeoutMilliseconds: Int32) throws(LoadError) -> Int {
        let capacity = Int32(events.count)
        let count = events.withUnsafeMutableBytes {
            waitForEvents(descriptor, $0.baseAddress!, capacity, timeoutMilliseconds)
        }
        if count < 0 && errno != EINTR { throw .last("wait for events") }
        return Int(max(count, 0))
    }

    func token(ofEvent index: Int) -> Int { Int(events[index].token) }

    /// True when nothing more will arrive: the peer finished sending, or the connection broke.
    func isLast(event index: Int) -> Bool {
        events[index].flags & (Flag.peerFinished | Flag.hungUp | Flag.failed) != 0
    }
}
