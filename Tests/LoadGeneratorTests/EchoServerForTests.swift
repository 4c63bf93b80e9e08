import CLinux
import Glibc

/// An echo server with a chosen fault, on its own thread and a port that the kernel chose. The test that starts one must stop it.
///
/// One thread serves all connections with `poll` and blocking sends, which is enough for a load that reads its input. Offsets
/// count the bytes of one connection from its beginning.
final class EchoServerForTests: @unchecked Sendable {  // one writer: `thread` is set before any other use
    enum Behaviour: Sendable {
        case honest
        case corruptsByte(at: Int)
        case dropsByte(at: Int)
        case repeatsByte(at: Int)
        /// Sends the bytes of one of two connections to the other.
        case crossesConnections
        case resets(after: Int)
        /// Reads everything, sends nothing and does not close.
        case isSilent
        /// Returns everything and does not close when the peer has finished.
        case neverCloses
        /// Sends this text for each blank line received.
        case answers(String)
        /// Answers this many requests of each connection. The next request ends the connection.
        case answersSome(String, count: Int, then: End)
    }

    enum End: Sendable { case reset, close }

    let port: UInt16
    private let behaviour: Behaviour
    private let listener: Int32
    private let wakeUp: (read: Int32, write: Int32)
    private var thread = pthread_t()
    private var isStopped = false

    private struct Peer {
        let descriptor: Int32
        var receivedBytes = 0
        var answered = 0
        /// `poll` ignores a negative descriptor; an ended stream would be ready for ever.
        var isPolled = true
    }

    init(_ behaviour: Behaviour, unixPath: String? = nil, ipv6: Bool = false) {
        self.behaviour = behaviour
        if let unixPath {
            listener = Self.bound(sockaddr_un.at(unixPath), AF_UNIX)
        } else if ipv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_addr = in6addr_loopback
            listener = Self.bound(address, AF_INET6)
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            listener = Self.bound(address, AF_INET)
        }
        port = Self.port(of: listener)
        var ends: [Int32] = [0, 0]
        precondition(linux_pipe(&ends) == 0)
        wakeUp = (ends[0], ends[1])
        let context = Unmanaged.passUnretained(self).toOpaque()
        let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
            Unmanaged<EchoServerForTests>.fromOpaque(context!).takeUnretainedValue().serve()
            return nil
        }
        precondition(pthread_create(&thread, nil, run, context) == 0)
    }

    /// Closes all connections and the listener, and waits for the thread.
    func stop() {
        if isStopped { return }
        isStopped = true
        close(wakeUp.write)
        pthread_join(thread, nil)
        close(wakeUp.read)
        close(listener)
    }

    private func serve() {
        var peers: [Peer] = []
        while true {
            var waiting = [wakeUp.read, listener].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            waiting += peers.map { pollfd(fd: $0.isPolled ? $0.descriptor : -1, events: Int16(POLLIN), revents: 0) }
            _ = poll(&waiting, nfds_t(waiting.count), -1)
            if waiting[0].revents != 0 { break }
            // Accept every waiting connection before serving any: when a load opens all its connections first, all are here
            // before its first byte is read.
            if waiting[1].revents != 0 {
                peers.append(Peer(descriptor: accept(listener, nil, nil)))
                continue
            }
            var closed: [Int] = []
            for index in peers.indices where waiting[index + 2].revents != 0 {
                if !serve(index, of: &peers) { closed.append(index) }
            }
            for index in closed.reversed() { end(peers.remove(at: index)) }
        }
        for peer in peers { end(peer) }
    }

    /// A process that another test has started meanwhile may have a copy of the descriptor, so closing it is not enough.
    private func end(_ peer: Peer) {
        var option = linger()
        var length = socklen_t(MemoryLayout<linger>.size)
        getsockopt(peer.descriptor, SOL_SOCKET, SO_LINGER, &option, &length)
        if option.l_onoff == 0 { shutdown(peer.descriptor, Int32(SHUT_RDWR)) }
        close(peer.descriptor)
    }

    /// Returns false when the connection must be closed.
    private func serve(_ index: Int, of peers: inout [Peer]) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16384)
        let count = recv(peers[index].descriptor, &bytes, bytes.count, 0)
        if count == 0 && staysOpen {
            peers[index].isPolled = false
            return true
        }
        if count <= 0 { return false }
        bytes.removeLast(bytes.count - count)
        let range = peers[index].receivedBytes..<peers[index].receivedBytes + count
        peers[index].receivedBytes = range.upperBound

        var receiver = peers[index].descriptor
        switch behaviour {
        case .honest, .neverCloses: break
        case .corruptsByte(let at): if range.contains(at) { bytes[at - range.lowerBound] ^= 0x40 }
        case .dropsByte(let at): if range.contains(at) { bytes.remove(at: at - range.lowerBound) }
        case .repeatsByte(let at):
            if range.contains(at) { bytes.insert(bytes[at - range.lowerBound], at: at - range.lowerBound) }
        case .crossesConnections: if peers.count == 2 { receiver = peers[1 - index].descriptor }
        case .resets(let after):
            if range.upperBound > after {
                Self.makeCloseAReset(receiver)
                return false
            }
        case .isSilent: return true
        case .answers(let text):
            let requests = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n\r\n").count
            bytes = Array(String(repeating: text, count: requests).utf8)
        case .answersSome(let text, let limit, let end):
            if peers[index].answered == limit {
                if end == .reset { Self.makeCloseAReset(receiver) }
                return false
            }
            peers[index].answered += 1
            bytes = Array(text.utf8)
        }
        return Self.sendAll(bytes, to: receiver)
    }

    private var staysOpen: Bool {
        switch behaviour {
        case .isSilent, .neverCloses: true
        default: false
        }
    }

    private static func sendAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent <= 0 { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    private static func makeCloseAReset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    private static func bound<Address>(_ address: Address, _ family: Int32) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let result = withUnsafeBytes(of: address) {
            bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        precondition(result == 0 && listen(descriptor, 128) == 0, String(cString: strerror(errno)))
        return descriptor
    }

    /// The port is at the same offset for both families.
    private static func port(of listener: Int32) -> UInt16 {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        withUnsafeMutableBytes(of: &address) {
            _ = getsockname(listener, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return UInt16(bigEndian: address.sin6_port)
    }
}

extension sockaddr_un {
    fileprivate static func at(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }
}
