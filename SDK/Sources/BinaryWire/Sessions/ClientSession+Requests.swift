// Each function makes one request and returns its id, which is now in flight, and the bytes to send.

extension ClientSession {
    /// The first frame. Small requests may be sent right after it, without waiting for the answer.
    public mutating func hello() throws(RequestRefusal) -> ClientRequest {
        guard phase == .idle else { throw .helloSentAlready }
        let maximumPayload = maximumPayload
        phase = .helloSent
        do throws(RequestRefusal) {
            return try request(.hello, [UInt8](name.utf8)) { name, _, id, output in
                FrameEncoder.hello(maximumPayload: maximumPayload, name: name, requestID: id, into: &output)
            }
        } catch {
            phase = .idle
            throw error
        }
    }

    public mutating func ping(_ payload: [UInt8] = []) throws(RequestRefusal) -> ClientRequest {
        try request(.ping, payload) { payload, _, id, output in
            FrameEncoder.ping(payload, requestID: id, into: &output)
        }
    }

    public mutating func authenticate(
        _ mechanism: AuthenticationMechanism, _ message: [UInt8]
    ) throws(RequestRefusal) -> ClientRequest {
        try request(.authenticate, message, fixedBytes: AuthenticateRequest.fixedBytes) { message, _, id, output in
            FrameEncoder.authenticate(mechanism, message, requestID: id, into: &output)
        }
    }

    public mutating func echo(_ payload: [UInt8]) throws(RequestRefusal) -> ClientRequest {
        try request(.echo, payload) { payload, _, id, output in
            FrameEncoder.echo(payload, requestID: id, into: &output)
        }
    }

    public mutating func get(key: [UInt8]) throws(RequestRefusal) -> ClientRequest {
        try request(.get, key) { key, _, id, output in
            FrameEncoder.get(key: key, requestID: id, into: &output)
        }
    }

    public mutating func put(key: [UInt8], value: [UInt8]) throws(RequestRefusal) -> ClientRequest {
        try request(.put, key, value, fixedBytes: PutRequest.fixedBytes) { key, value, id, output in
            FrameEncoder.put(key: key, value: value, requestID: id, into: &output)
        }
    }

    public mutating func delete(key: [UInt8]) throws(RequestRefusal) -> ClientRequest {
        try request(.delete, key) { key, _, id, output in
            FrameEncoder.delete(key: key, requestID: id, into: &output)
        }
    }

    public mutating func scan(
        prefix: [UInt8] = [], startAfter: [UInt8] = [], limit: Int
    ) throws(RequestRefusal) -> ClientRequest {
        try request(.scan, prefix, startAfter, fixedBytes: ScanRequest.fixedBytes) { prefix, startAfter, id, output in
            FrameEncoder.scan(prefix: prefix, startAfter: startAfter, limit: limit, requestID: id, into: &output)
        }
    }

    public mutating func read(key: [UInt8]) throws(RequestRefusal) -> ClientRequest {
        try request(.read, key) { key, _, id, output in
            FrameEncoder.read(key: key, requestID: id, into: &output)
        }
    }

    public mutating func write(_ write: Write) throws(RequestRefusal) -> ClientRequest {
        try request(.write, write.key, write.value, fixedBytes: WriteRequest.fixedBytes) { key, value, id, output in
            FrameEncoder.write(write.rule, key: key, value: value, requestID: id, into: &output)
        }
    }

    /// All of the writes, or none.
    public mutating func batch(_ writes: [Write]) throws(RequestRefusal) -> ClientRequest {
        let payloadBytes = writes.reduce(BatchRequest.fixedBytes) { $0 + $1.payloadBytes }
        let id = try claim(.batch, payloadBytes: payloadBytes)
        let bytes = FrameEncoder.array { output in
            guard output.byteCount >= WireLimits.headerBytes + payloadBytes else {
                return .needs(WireLimits.headerBytes + payloadBytes)
            }
            var writer = BatchWriter()
            for write in writes {
                // Safe: an array of UInt8 has no padding.
                let isAdded = unsafe writer.append(
                    write.rule, key: write.key.span.bytes, value: write.value.span.bytes, into: &output)
                guard isAdded else { return .outOfLimits }
            }
            return writer.finish(requestID: id, into: &output)
        }
        return try made(bytes, id)
    }

    public mutating func watch(_ kind: WatchKind, _ name: [UInt8]) throws(RequestRefusal) -> ClientRequest {
        try request(.watch, name, fixedBytes: WatchRequest.fixedBytes) { name, _, id, output in
            FrameEncoder.watch(kind, name, requestID: id, into: &output)
        }
    }

    public mutating func unwatch(_ watch: UInt32) throws(RequestRefusal) -> ClientRequest {
        try request(.unwatch, [], fixedBytes: UnwatchRequest.fixedBytes) { _, _, id, output in
            FrameEncoder.unwatch(watch, requestID: id, into: &output)
        }
    }

    /// Returns an id for a frame that the caller encodes into its own memory, as a load generator does.
    public mutating func claim(_ opcode: Opcode, payloadBytes: Int) throws(RequestRefusal) -> UInt32 {
        switch phase {
        case .idle: throw .helloNotSent
        case .leaving: throw .goodbyeReceived
        case .closed: throw .closed
        case .helloSent, .open: break
        }
        guard payloadBytes <= serverMaximumPayload else { throw .payloadTooLarge(limit: serverMaximumPayload) }
        guard let id = requests.claim(opcode) else { throw .tooManyInFlight }
        return id
    }

    private mutating func request(
        _ opcode: Opcode, _ first: [UInt8], _ second: [UInt8] = [], fixedBytes: Int = 0,
        encode: (RawSpan, RawSpan, UInt32, inout MutableRawSpan) -> Encoded
    ) throws(RequestRefusal) -> ClientRequest {
        let id = try claim(opcode, payloadBytes: fixedBytes + first.count + second.count)
        let bytes = FrameEncoder.array { output in
            // Safe: an array of UInt8 has no padding.
            unsafe encode(first.span.bytes, second.span.bytes, id, &output)
        }
        return try made(bytes, id)
    }

    private mutating func made(_ bytes: [UInt8]?, _ id: UInt32) throws(RequestRefusal) -> ClientRequest {
        guard let bytes else {
            requests.release(id)
            throw .outOfLimits
        }
        return ClientRequest(requestID: id, bytes: bytes)
    }
}
