import Glibc

/// A connected stream socket, and the only place in this module that sends, receives or connects. EINTR is retried here; EAGAIN
/// is a result. The owner of the value must close it once.
struct Socket {
    let descriptor: Int32

    enum Outcome: Equatable {
        case count(Int)
        case wouldBlock
        case endOfStream
        case failed(code: Int32)
    }

    /// Connects, waiting at most `timeoutMilliseconds` for the peer. The socket blocks, with that same limit on each
    /// call, until `stopBlocking()`. C: `socket`, `setsockopt`, `connect`
    init(connectingTo address: TargetAddress, timeoutMilliseconds: Int) throws(LoadError) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw .last("open a socket to \(address)") }
        set(SOL_SOCKET, SO_SNDTIMEO, Self.interval(timeoutMilliseconds))
        set(SOL_SOCKET, SO_RCVTIMEO, Self.interval(timeoutMilliseconds))
        if !address.isUnix { set(Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1)) }

        let code = address.withSocketAddress { pointer, length -> Int32 in
            while Glibc.connect(descriptor, pointer, length) < 0 {
                // An interrupted connect continues in the background. Calling connect again returns its result.
                if errno == EISCONN { return 0 }
                if errno != EINTR { return errno }
            }
            return 0
        }
        guard code == 0 else {
            close()
            // How connect reports that the send timeout is up; EAGAIN is for a Unix socket, EALREADY after a signal.
            let isTimeout = code == EINPROGRESS || code == EALREADY || code == EAGAIN
            throw .system(doing: "connect to \(address)", code: isTimeout ? ETIMEDOUT : code ?? EINVAL)
        }
    }

    /// C: `fcntl`
    func stopBlocking() throws(LoadError) {
        guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) >= 0 else {
            throw .last("make a socket non-blocking")
        }
    }

    /// C: `recv`
    func receive(into buffer: inout [UInt8], peek: Bool = false) -> Outcome {
        buffer.withUnsafeMutableBytes { bytes in
            while true {
                let count = recv(
                    descriptor, bytes.baseAddress, bytes.count,
                    peek ? Int32(MSG_PEEK | MSG_DONTWAIT) : 0)
                if count > 0 { return .count(count) }
                if count == 0 { return .endOfStream }
                if errno == EAGAIN { return .wouldBlock }
                if errno != EINTR { return .failed(code: errno) }
            }
        }
    }

    /// C: `send`
    func send(_ buffer: RawSpan) -> Outcome {
        buffer.withUnsafeBytes { bytes in
            while true {
                let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                if count >= 0 { return .count(count) }
                if errno == EAGAIN { return .wouldBlock }
                if errno != EINTR { return .failed(code: errno) }
            }
        }
    }

    /// Tells the peer that nothing more will be sent. C: `shutdown`
    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// C: `close`
    func close() { _ = Glibc.close(descriptor) }

    private func set<Value>(_ level: Int32, _ option: Int32, _ value: Value) {
        withUnsafeBytes(of: value) {
            _ = setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count))
        }
    }

    private static func interval(_ milliseconds: Int) -> timeval {
        timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    }
}
