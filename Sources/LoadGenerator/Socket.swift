import Glibc
import TLSClient

/// A connected stream socket, and the only place in this module that sends, receives or connects. EINTR is retried here; EAGAIN
/// is a result. The owner of the value must close it once.
struct Socket {
    let descriptor: Int32
    /// nil: the bytes pass as they are.
    private let tls: TLSSession?

    enum Outcome: Equatable {
        case count(Int)
        case wouldBlock
        case endOfStream
        case failed(code: Int32)
    }

    /// Connects, waiting at most `timeoutMilliseconds` for the peer, and makes the handshake of TLS if there is a context. The socket blocks, with that same limit on each
    /// call, until `stopBlocking()`. C: `socket`, `setsockopt`, `connect`
    init(
        connectingTo address: TargetAddress, timeoutMilliseconds: Int, tls context: TLSClientContext? = nil
    ) throws(LoadError) {
        let connected = try Self.connect(to: address, timeoutMilliseconds)
        do throws(LoadError) {
            tls = try context.map { context throws(LoadError) in try Self.begin(context, connected, address) }
        } catch {
            _ = Glibc.close(connected)
            throw error
        }
        descriptor = connected
    }

    private static func connect(to address: TargetAddress, _ timeoutMilliseconds: Int) throws(LoadError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw .last("open a socket to \(address)") }
        set(descriptor, SOL_SOCKET, SO_SNDTIMEO, interval(timeoutMilliseconds))
        set(descriptor, SOL_SOCKET, SO_RCVTIMEO, interval(timeoutMilliseconds))
        if !address.isUnix { set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1)) }

        let code = address.withSocketAddress { pointer, length -> Int32 in
            while Glibc.connect(descriptor, pointer, length) < 0 {
                // An interrupted connect continues in the background. Calling connect again returns its result.
                if errno == EISCONN { return 0 }
                if errno != EINTR { return errno }
            }
            return 0
        }
        guard code == 0 else {
            _ = Glibc.close(descriptor)
            // How connect reports that the send timeout is up; EAGAIN is for a Unix socket, EALREADY after a signal.
            let isTimeout = code == EINPROGRESS || code == EALREADY || code == EAGAIN
            throw .system(doing: "connect to \(address)", code: isTimeout ? ETIMEDOUT : code ?? EINVAL)
        }
        return descriptor
    }

    /// The certificate must name the address.
    private static func begin(
        _ context: TLSClientContext, _ descriptor: Int32, _ address: TargetAddress
    ) throws(LoadError) -> TLSSession {
        let session: TLSSession
        do throws(TLSFailure) {
            session = try TLSSession(socket: descriptor, host: address.host, context)
        } catch {
            throw .tls(error.description)
        }
        switch session.handshake() {
        case .done: return session
        case .wantsRead, .wantsWrite: throw .timeout(doing: "shake hands with \(address)")
        case .end: throw .tls("\(address) closed the connection in the handshake")
        case .failed(let failure): throw .tls("\(address): \(failure.description)")
        }
    }

    /// True when the server has accepted an earlier session.
    var isResumed: Bool { tls?.isResumed ?? false }
    /// The server may say something after the handshake that belongs to it. RFC 8446, 4.6.1
    var expectsTickets: Bool { tls?.expectsTickets ?? false }

    /// C: `fcntl`
    func stopBlocking() throws(LoadError) {
        guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) >= 0 else {
            throw .last("make a socket non-blocking")
        }
    }

    /// Of a socket that does not block. Less than the buffer takes has emptied it. C: `recv`
    func receive(into buffer: inout [UInt8]) -> Outcome {
        buffer.withUnsafeMutableBytes { bytes in
            if let tls { return Self.receive(into: bytes, over: tls) }
            while true {
                let count = recv(descriptor, bytes.baseAddress, bytes.count, 0)
                if count > 0 { return .count(count) }
                if count == 0 { return .endOfStream }
                if errno == EAGAIN { return .wouldBlock }
                if errno != EINTR { return .failed(code: errno) }
            }
        }
    }

    private static func receive(into room: UnsafeMutableRawBufferPointer, over tls: TLSSession) -> Outcome {
        var total = 0
        // A record at a time. What ends the loop after some bytes is said again by the next call.
        while total < room.count {
            let step = tls.read(into: UnsafeMutableRawBufferPointer(rebasing: room[total...]))
            if case .done(let count) = step {
                total += count
                continue
            }
            if total > 0 { break }
            return outcome(of: step)
        }
        return .count(total)
    }

    private static func outcome(of step: TLSSession.Step) -> Outcome {
        switch step {
        case .done(let count): .count(count)
        case .wantsRead, .wantsWrite: .wouldBlock
        case .end: .endOfStream
        case .failed(let failure): .failed(code: failure.code)
        }
    }

    /// False when the time is up. C: `poll`
    func waitForInput(milliseconds: Int) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, Int32(clamping: milliseconds)) > 0
    }

    /// The peer has not closed the connection. C: `poll`
    var isOpen: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(Self.peerFinished), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// POLLRDHUP
    private static let peerFinished = 0x2000

    /// C: `send`
    func send(_ buffer: RawSpan) -> Outcome {
        buffer.withUnsafeBytes { bytes in
            if let tls { return Self.outcome(of: tls.write(bytes)) }
            while true {
                let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                if count >= 0 { return .count(count) }
                if errno == EAGAIN { return .wouldBlock }
                if errno != EINTR { return .failed(code: errno) }
            }
        }
    }

    /// Tells the peer that nothing more will be sent. C: `shutdown`
    func finishSending() {
        tls?.finish()
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    /// C: `close`
    func close() {
        tls?.finish()
        _ = Glibc.close(descriptor)
    }

    private static func set<Value>(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Value) {
        withUnsafeBytes(of: value) {
            _ = setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count))
        }
    }

    private static func interval(_ milliseconds: Int) -> timeval {
        timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    }
}
