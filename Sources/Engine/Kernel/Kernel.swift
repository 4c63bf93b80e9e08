import CLinux
import Glibc

/// The system calls that can fail because of a peer or a lack of resources, in one place.
///
/// In a release build each function is only the call. In a debug build tests can inject faults (`FaultInjection`): interrupted
/// calls, resets, short writes, and a lack of descriptors or memory.
enum Kernel {
    /// accept4(2)
    @inline(__always)
    static func accept(
        _ descriptor: Int32, _ address: UnsafeMutablePointer<sockaddr>, _ length: UnsafeMutablePointer<socklen_t>
    ) -> Int32 {
        #if DEBUG
            if let error = FaultInjection.error(in: .accept) { return failed(error) }
        #endif
        return linux_accept(descriptor, address, length)
    }

    /// recv(2)
    @inline(__always)
    static func recv(_ descriptor: Int32, _ base: UnsafeMutableRawPointer, _ count: Int, _ flags: Int32) -> Int {
        #if DEBUG
            if let error = FaultInjection.error(in: .receive) { return Int(failed(error)) }
        // An edge-triggered reader takes a short read for an empty socket, so reads are never shortened: only errors are injected
        // here. Tests shorten what the peer sends instead.
        #endif
        return linux_recv(descriptor, base, count, flags)
    }

    /// send(2)
    @inline(__always)
    static func send(_ descriptor: Int32, _ base: UnsafeRawPointer, _ count: Int, _ flags: Int32) -> Int {
        #if DEBUG
            if let error = FaultInjection.error(in: .send) { return Int(failed(error)) }
            let count = FaultInjection.shortened(count)
        #endif
        return linux_send(descriptor, base, count, flags)
    }

    /// sendmsg(2)
    @inline(__always)
    static func sendmsg(_ descriptor: Int32, _ message: UnsafeMutablePointer<msghdr>, _ flags: Int32) -> Int {
        #if DEBUG
            if let error = FaultInjection.error(in: .send) { return Int(failed(error)) }
        #endif
        return Glibc.sendmsg(descriptor, message, flags)
    }

    /// sendfile(2)
    @inline(__always)
    static func sendfile(_ socket: Int32, _ file: Int32, _ offset: UnsafeMutablePointer<off_t>, _ count: Int) -> Int {
        #if DEBUG
            if let error = FaultInjection.error(in: .send) { return Int(failed(error)) }
            let count = FaultInjection.shortened(count)
        #endif
        return CLinux.sendfile(socket, file, offset, count)
    }

    /// epoll_ctl(2) with EPOLL_CTL_ADD, for a listening socket. False: the kernel is out of memory or epoll watches.
    static func watchListening(_ epoll: Int32, _ descriptor: Int32, _ events: UInt32, _ tag: UInt64) -> Bool {
        #if DEBUG
            if FaultInjection.error(in: .watch) != nil { return false }
        #endif
        return watch(epoll, descriptor, events, tag)
    }

    /// epoll_ctl(2) with EPOLL_CTL_ADD. False: the kernel is out of memory or epoll watches.
    @inline(__always)
    static func watch(_ epoll: Int32, _ descriptor: Int32, _ events: UInt32, _ tag: UInt64) -> Bool {
        var event = epoll_event(events: events, data: epoll_data_t(u64: tag))
        return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }

    /// Memory of the arena: madvise(2), MADV_REMOVE, gives it back.
    @inline(__always)
    static func allocate(_ count: Int, in arena: Arena) -> UnsafeMutableRawPointer? {
        #if DEBUG
            if FaultInjection.error(in: .memory) != nil { return nil }
        #endif
        return arena.allocate(count)
    }

    #if DEBUG
        private static func failed(_ error: Int32) -> Int32 {
            errno = error
            return -1
        }
    #endif
}
