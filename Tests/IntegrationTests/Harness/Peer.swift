import Glibc

/// A client's blocking socket, with a time limit on every wait. Closed when the object is destroyed.
final class Peer {
    /// How a connection ended, as the client sees it.
    enum End { case closed, reset }

    private(set) var descriptor: Int32
    private let timeout: Duration
    private var wasRefused = false

    /// - Parameters:
    ///   - source: the IPv4 source address, such as another one of 127.0.0.0/8.
    ///   - receiveBuffer: the size of SO_RCVBUF in bytes. A small buffer fills sooner.
    init(
        _ address: ServerAddress, from source: String? = nil, timeout: Duration = .seconds(20),
        receiveBuffer: Int32? = nil
    ) throws {
        self.timeout = timeout * Sanitizer.slowness
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw Failure.system("socket") }
        if let receiveBuffer { set(SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        if address.family != AF_UNIX { set(Int32(IPPROTO_TCP), TCP_NODELAY, Int32(1)) }
        if let source {
            let bound = ServerAddress.ipv4(source, port: 0).withSocketAddress { bind(descriptor, $0, $1) }
            guard bound == 0 else { throw Failure.system("bind to \(source)") }
        }
        let result = address.withSocketAddress { connect(descriptor, $0, $1) }
        // A server may reset a connection so quickly that connect(2) already fails.
        wasRefused = result != 0 && errno == ECONNRESET
        guard result == 0 || wasRefused else {
            let code = errno
            close()
            throw Failure.system("connect to \(address.text)", code: code)
        }
    }

    // MARK: Sending

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = sendOnce(bytes[sent...])
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                try waitFor(POLLOUT, "send")
            } else if errno != EINTR {
                throw Failure.system("send")
            }
        }
    }

    /// Sends until the kernel has accepted nothing for `quiet` milliseconds. Returns the number of bytes sent.
    func sendUntilBlocked(_ chunk: [UInt8], quiet: Int32 = 500, limit: Int = .max) throws -> Int {
        var sent = 0
        while sent < limit {
            let count = sendOnce(chunk[(sent % chunk.count)...])
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if poll(&entry, 1, quiet) == 0 { return sent }
            } else {
                throw Failure.system("send")
            }
        }
        return sent
    }

    /// Shuts down the sending direction.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    // MARK: Receiving

    /// Receives at least one byte; returns an empty array at the end of the stream.
    func receiveSome(limit: Int = 1 << 18) throws -> [UInt8] {
        try waitFor(POLLIN, "receive")
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
            let count = recv(descriptor, buffer.baseAddress, limit, 0)
            filled = max(count, 0)
            if count < 0 { failure = errno }
        }
        guard failure == 0 else { throw Failure.system("receive", code: failure) }
        return bytes
    }

    func receive(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let some = try receiveSome(limit: min(count - bytes.count, 1 << 18))
            guard !some.isEmpty else { throw Failure("the stream ended after \(bytes.count) of \(count) bytes") }
            bytes += some
        }
        return bytes
    }

    func receiveToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let some = try receiveSome()
            if some.isEmpty { return bytes }
            bytes += some
        }
    }

    /// Receives a line and returns it without its newline.
    func receiveLine() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let byte = try receive(1)[0]
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
    }

    /// Sends a line and returns the line that comes back.
    func ask(_ line: String) throws -> String {
        try send(line + "\n")
        return try receiveLine()
    }

    /// Discards further input and returns how the connection ended.
    func waitForEnd() throws -> End {
        if wasRefused { return .reset }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            try waitFor(POLLIN, "wait for the end")
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return .closed }
            if count < 0 { return .reset }
        }
    }

    /// Whether input or the end of the stream arrives within so many milliseconds.
    func hasInput(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    /// Whether the server has closed or reset the connection, as far as the kernel knows. Does not read any input.
    var hasEnded: Bool {
        // POLLRDHUP of poll(2), which only _GNU_SOURCE defines.
        var entry = pollfd(fd: descriptor, events: 0x2000, revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    // MARK: Closing

    /// Closes with a reset.
    func reset() {
        set(SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        close()
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    deinit { close() }

    // MARK: Helpers

    private func sendOnce(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) }
    }

    private func waitFor(_ event: Int32, _ doing: String) throws {
        let deadline = Deadline(in: timeout)
        while !deadline.isOver {
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            if poll(&entry, 1, deadline.millisecondsLeft) > 0 { return }
        }
        throw Failure("\(doing): nothing happened for \(timeout)")
    }

    private func set<Value>(_ level: Int32, _ option: Int32, _ value: Value) {
        withUnsafeBytes(of: value) {
            _ = setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count))
        }
    }
}
