import Glibc
import TLSClient

/// A connected stream socket, and the only place in this module that sends, receives, waits or connects. It never blocks beyond a
/// deadline, and retries after EINTR.
struct StreamSocket: ~Copyable {
    private let descriptor: Int32
    /// nil: the bytes pass as they are.
    private let tls: TLSSession?

    typealias Reason = BinaryClientError.Reason

    /// Tries all addresses, one after another. The error is the one of the last address. C: `socket`, `connect`, `getsockopt`
    ///
    /// - Parameter settings: for TLS; nil: no TLS.
    init(connectingTo address: ServerAddress, tls settings: TLSClientSettings?, deadline: Deadline) throws(Reason) {
        let connected = try Self.connect(address, deadline)
        let session: TLSSession?
        do throws(Reason) {
            session = try Self.begin(settings, connected, address.host)
            if let session { try Self.shakeHands(session, connected, deadline) }
        } catch {
            Glibc.close(connected)
            throw error
        }
        self.init(connected, session)
    }

    private init(_ descriptor: Int32, _ tls: TLSSession?) { (self.descriptor, self.tls) = (descriptor, tls) }

    private static func begin(
        _ settings: TLSClientSettings?, _ descriptor: Int32, _ host: String
    ) throws(Reason) -> TLSSession? {
        guard let settings else { return nil }
        do throws(TLSFailure) {
            return try TLSSession(socket: descriptor, host: host, TLSClientContext(settings))
        } catch {
            throw .tls(error.description)
        }
    }

    private static func connect(_ address: ServerAddress, _ deadline: Deadline) throws(Reason) -> Int32 {
        let candidates = try SocketAddress.resolve(address)
        var reason = Reason.timedOut(deadline.timeout)
        for (index, candidate) in candidates.enumerated() {
            // An address that does not answer must leave time for the others.
            let share = Deadline(after: deadline.remaining / (candidates.count - index))
            do throws(Reason) {
                return try connect(candidate, share)
            } catch {
                reason = error
            }
        }
        if case .timedOut = reason { reason = .timedOut(deadline.timeout) }
        throw reason
    }

    private static func connect(_ address: SocketAddress, _ deadline: Deadline) throws(Reason) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw .system(function: "socket", code: errno) }
        do throws(Reason) {
            let result = address.withPointer { Glibc.connect(descriptor, $0, $1) }
            if result < 0 {
                // An interrupted connect continues in the background, like one that is in progress.
                guard errno == EINPROGRESS || errno == EINTR else { throw .system(function: "connect", code: errno) }
                try wait(descriptor, for: POLLOUT, deadline)
                let code = pendingError(descriptor)
                guard code == 0 else { throw .system(function: "connect", code: code) }
            }
            if address.family != AF_UNIX {
                var on: Int32 = 1
                setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            }
            return descriptor
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private static func pendingError(_ descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else { return errno }
        return code
    }

    // MARK: TLS

    private static func shakeHands(
        _ session: TLSSession, _ descriptor: Int32, _ deadline: Deadline
    ) throws(Reason) {
        while true {
            switch session.handshake() {
            case .done: return
            case let step: try wait(descriptor, after: step, deadline)
            }
        }
    }

    /// Of a step that has read and written nothing.
    private static func wait(
        _ descriptor: Int32, after step: TLSSession.Step, _ deadline: Deadline
    ) throws(Reason) {
        switch step {
        case .wantsRead: try wait(descriptor, for: POLLIN, deadline)
        case .wantsWrite: try wait(descriptor, for: POLLOUT, deadline)
        case .failed(let failure): throw .tls(failure.description)
        case .done, .end: throw .closedByServer
        }
    }

    private borrowing func send(_ bytes: [UInt8], over session: TLSSession, _ deadline: Deadline) throws(Reason) {
        var sent = 0
        while sent < bytes.count {
            let step = bytes.withUnsafeBytes { session.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            if case .done(let count) = step { sent += count } else { try Self.wait(descriptor, after: step, deadline) }
        }
    }

    private borrowing func receive(
        into input: inout [UInt8], over session: TLSSession, _ deadline: Deadline
    ) throws(Reason) -> Bool {
        while true {
            let step = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { chunk in
                let step = session.read(into: chunk)
                if case .done(let count) = step { input += chunk[..<count] }
                return step
            }
            switch step {
            case .done: return true
            case .end: return false
            default: try Self.wait(descriptor, after: step, deadline)
            }
        }
    }

    // MARK: Bytes

    /// Sends all bytes. C: `send`
    borrowing func send(_ bytes: [UInt8], deadline: Deadline) throws(Reason) {
        if let tls { return try send(bytes, over: tls, deadline) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                try Self.wait(descriptor, for: POLLOUT, deadline)
            } else if errno != EINTR {
                throw .system(function: "send", code: errno)
            }
        }
    }

    /// Appends the bytes that arrive next, at least one. Returns false when the server sends no more. C: `recv`
    borrowing func receive(into input: inout [UInt8], deadline: Deadline) throws(Reason) -> Bool {
        if let tls { return try receive(into: &input, over: tls, deadline) }
        while true {
            let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { chunk in
                let count = recv(descriptor, chunk.baseAddress, chunk.count, 0)
                if count > 0 { input += chunk[..<count] }
                return count
            }
            if count > 0 { return true }
            if count == 0 { return false }
            if errno == EAGAIN {
                try Self.wait(descriptor, for: POLLIN, deadline)
            } else if errno != EINTR {
                throw .system(function: "recv", code: errno)
            }
        }
    }

    /// C: `poll`
    private static func wait(_ descriptor: Int32, for event: Int32, _ deadline: Deadline) throws(Reason) {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let count = poll(&entry, 1, deadline.pollMilliseconds)
            if count > 0 { return }
            if count == 0, deadline.remaining == .zero { throw .timedOut(deadline.timeout) }
            if count < 0, errno != EINTR { throw .system(function: "poll", code: errno) }
        }
    }

    deinit {
        tls?.finish()
        Glibc.close(descriptor)
    }
}
