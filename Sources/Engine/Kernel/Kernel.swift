import CLinux
import Glibc

/// The system calls on which a peer or a full machine can make the server fail, in one place.
///
/// In a release build each is the call and nothing else. In a debug build faults can be injected into them
/// (`FaultInjection`), so that the tests see short reads, interrupted writes and want of descriptors when they choose.
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
        // A read that is short by chance looks like an empty socket to an edge-triggered reader: it must not be shorter than
        // what there is. So the test shortens what the peer sends, and here only errors are injected.
        #endif
        return Glibc.recv(descriptor, base, count, flags)
    }

    /// send(2)
    @inline(__always)
    static func send(_ descriptor: Int32, _ base: UnsafeRawPointer, _ count: Int, _ flags: Int32) -> Int {
        #if DEBUG
            if let error = FaultInjection.error(in: .send) { return Int(failed(error)) }
            let count = FaultInjection.shortened(count)
        #endif
        return Glibc.send(descriptor, base, count, flags)
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

    /// epoll_ctl(2) with EPOLL_CTL_ADD, for a listening socket. False: the kernel has no memory or no watch for one more.
    static func watchListening(_ epoll: Int32, _ descriptor: Int32, _ events: UInt32, _ tag: UInt64) -> Bool {
        #if DEBUG
            if FaultInjection.error(in: .watch) != nil { return false }
        #endif
        return watch(epoll, descriptor, events, tag)
    }

    /// epoll_ctl(2) with EPOLL_CTL_ADD. False: the kernel has no memory or no watch for one more.
    @inline(__always)
    static func watch(_ epoll: Int32, _ descriptor: Int32, _ events: UInt32, _ tag: UInt64) -> Bool {
        var event = epoll_event(events: events, data: epoll_data_t(u64: tag))
        return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }

    /// malloc(3)
    @inline(__always)
    static func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
        #if DEBUG
            if FaultInjection.error(in: .memory) != nil { return nil }
        #endif
        return malloc(count)
    }

    #if DEBUG
        private static func failed(_ error: Int32) -> Int32 {
            errno = error
            return -1
        }
    #endif
}
