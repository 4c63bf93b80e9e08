extension MartletClient {
    /// Opens a connection if there is none. Returns what the server says about itself.
    @discardableResult
    public func connect(timeout: Duration? = nil) async throws(MartletClientError) -> Server {
        guard case .server(let server) = try await perform(.connect, .ifSafe, timeout) else {
            throw wrongAnswer("connect")
        }
        return server
    }

    /// The time from the call to the answer of the server, with connecting if there is no connection.
    @discardableResult
    public func ping(timeout: Duration? = nil) async throws(MartletClientError) -> Duration {
        let payload: [UInt8] = Array("martlet".utf8)
        let clock = ContinuousClock()
        let start = clock.now
        guard case .bytes(payload) = try await perform(.ping(payload), .ifSafe, timeout) else {
            throw wrongAnswer("ping", "the answer to a ping differs from the ping")
        }
        return start.duration(to: clock.now)
    }

    /// The server sends the bytes back.
    public func echo(
        _ bytes: some ByteSequence, timeout: Duration? = nil
    ) async throws(MartletClientError) -> [UInt8] {
        guard case .bytes(let found) = try await perform(.echo(bytes.martletBytes), .ifSafe, timeout) else {
            throw wrongAnswer("echo")
        }
        return found
    }

    /// The value of a key of 1 to 512 bytes; nil: there is no such key.
    public func get(
        _ key: some ByteSequence, timeout: Duration? = nil
    ) async throws(MartletClientError) -> [UInt8]? {
        guard case .value(let value) = try await perform(.get(key: key.martletBytes), .ifSafe, timeout) else {
            throw wrongAnswer("get")
        }
        return value
    }

    /// What a put has done.
    public enum PutOutcome: Equatable, Sendable {
        /// The key is new.
        case created
        /// The key had another value before.
        case replaced
    }

    /// Sets the value of a key.
    ///
    /// - Parameters:
    ///   - key: 1 to 512 bytes.
    ///   - value: at most 1 MiB.
    ///   - retry: with `always`, another put may overwrite what someone else has written meanwhile.
    ///   - timeout: nil: that of the configuration.
    @discardableResult
    public func put(
        _ key: some ByteSequence, _ value: some ByteSequence, retry: Retry = .ifSafe, timeout: Duration? = nil
    ) async throws(MartletClientError) -> PutOutcome {
        let request = Request.put(key: key.martletBytes, value: value.martletBytes)
        guard case .created(let created) = try await perform(request, retry, timeout) else { throw wrongAnswer("put") }
        return created ? .created : .replaced
    }

    /// Removes a key. Returns false if there was none.
    ///
    /// A delete that is executed twice, with ``Retry/always``, returns false, and removes what someone else has written meanwhile.
    @discardableResult
    public func delete(
        _ key: some ByteSequence, retry: Retry = .ifSafe, timeout: Duration? = nil
    ) async throws(MartletClientError) -> Bool {
        guard case .existed(let existed) = try await perform(.delete(key: key.martletBytes), retry, timeout) else {
            throw wrongAnswer("delete")
        }
        return existed
    }
}
