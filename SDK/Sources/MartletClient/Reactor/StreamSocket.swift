import Glibc
import TLSClient

/// A socket that does not block, with TLS or without.
final class StreamSocket {
    let descriptor: Int32
    let token: UInt64
    private let poller: Poller
    private var interest: Poller.Interest
    private var tls: TLSSession?

    enum Step {
        case done(Int)
        /// Nothing can happen before the next event.
        case blocked
        case end
        case failed(ConnectionFailure)
    }

    /// Begins to connect. It is writable when the connection is there or has failed. C: `socket`, `connect`
    init(connectingTo address: SocketAddress, _ poller: Poller) throws(SystemFailure) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let made = socket(address.family, type, 0)
        guard made >= 0 else { throw SystemFailure("socket") }
        do throws(SystemFailure) {
            let result = address.withPointer { Glibc.connect(made, $0, $1) }
            // An interrupted connect continues in the background, like one that is in progress.
            guard result == 0 || errno == EINPROGRESS || errno == EINTR else { throw SystemFailure("connect") }
            if address.family != AF_UNIX {
                var on: Int32 = 1
                setsockopt(made, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            }
            token = try poller.add(made, .output)
        } catch {
            Glibc.close(made)
            throw error
        }
        (descriptor, interest, self.poller) = (made, .output, poller)
    }

    deinit {
        tls?.finish()
        poller.remove(descriptor)
        Glibc.close(descriptor)
    }

    /// The result of connecting. C: `getsockopt`
    var connectError: SystemFailure? {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
            return SystemFailure("getsockopt")
        }
        return code == 0 ? nil : SystemFailure("connect", code: code)
    }

    func want(_ wanted: Poller.Interest) throws(SystemFailure) {
        guard wanted != interest else { return }
        try poller.change(descriptor, token, wanted)
        interest = wanted
    }

    // MARK: TLS

    func beginTLS(host: String, _ context: TLSClientContext) throws(TLSFailure) {
        tls = try TLSSession(socket: descriptor, host: host, context)
    }

    /// `done` when TLS is there.
    func handshake() -> Step {
        guard let tls else { return .done(0) }
        switch tls.handshake() {
        case .done: return .done(0)
        case .wantsRead: return wanting(.input)
        case .wantsWrite: return wanting([.input, .output])
        case .end: return .end
        case .failed(let failure): return .failed(.tls(failure.description))
        }
    }

    private func wanting(_ interest: Poller.Interest) -> Step {
        do {
            try want(interest)
            return .blocked
        } catch {
            return .failed(error.connectionFailure)
        }
    }

    // MARK: Bytes

    /// Whether input can be waiting that the kernel does not know of.
    var hidesInput: Bool { tls != nil }

    /// C: `recv`
    func receive(into room: UnsafeMutableRawBufferPointer) -> Step {
        if let tls { return step(tls.read(into: room), "recv") }
        while true {
            let count = recv(descriptor, room.baseAddress, room.count, 0)
            if count > 0 { return .done(count) }
            if count == 0 { return .end }
            if errno == EAGAIN { return .blocked }
            if errno != EINTR { return .failed(SystemFailure("recv").connectionFailure) }
        }
    }

    /// TLS makes records of this size at most, and must get the bytes of a record again until it is sent.
    static var recordBytes: Int { 16 << 10 }

    /// Sends what the socket takes. After `blocked`, `committed` bytes must be offered again. C: `send`
    func send(_ bytes: UnsafeRawBufferPointer) -> (sent: Int, committed: Int, step: Step) {
        var sent = 0
        while sent < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            if let tls {
                let record = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.recordBytes))
                switch step(tls.write(record), "send") {
                case .done(let count): sent += count
                case let other: return (sent, record.count, other)
                }
                continue
            }
            let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
                continue
            }
            if errno == EAGAIN { return (sent, 0, .blocked) }
            if errno != EINTR { return (sent, 0, .failed(SystemFailure("send").connectionFailure)) }
        }
        return (sent, 0, .done(sent))
    }

    private func step(_ step: TLSSession.Step, _ function: String) -> Step {
        switch step {
        case .done(let count): .done(count)
        case .wantsRead, .wantsWrite: .blocked
        case .end: .end
        case .failed(let failure) where failure.code == EPROTO: .failed(.tls(failure.description))
        case .failed(let failure): .failed(.system(function: function, code: failure.code))
        }
    }
}
