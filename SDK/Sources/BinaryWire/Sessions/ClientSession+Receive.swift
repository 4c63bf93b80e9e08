extension ClientSession {
    /// Reads the next frame of the server. Call it again from `start + consumed` until it returns `needMore`.
    public mutating func next(in bytes: RawSpan, from start: Int = 0, nowMilliseconds: UInt64) -> ClientStep {
        let available = max(bytes.byteCount - start, 0)
        guard phase != .closed else { return ClientStep(event: .discarded, consumed: available) }
        if available > 0 { lastReceivedMilliseconds = max(lastReceivedMilliseconds, nowMilliseconds) }
        do throws(ProtocolViolation) {
            switch FrameDecoder.decode(bytes, from: start, maximumPayload: Int(maximumPayload)) {
            case .needMore(let total): return ClientStep(event: .needMore(total: total), consumed: 0)
            case .refused(let refusal): throw .badFrame(refusal.code)
            case .frame(let frame):
                let event = try event(of: frame, in: bytes)
                return ClientStep(event: event, consumed: WireLimits.headerBytes + frame.payload.count)
            }
        } catch {
            phase = .closed
            return ClientStep(event: .violation(error), consumed: available)
        }
    }

    private mutating func event(of frame: Frame, in bytes: RawSpan) throws(ProtocolViolation) -> ClientEvent {
        guard FrameFlags(rawValue: frame.header.flags).contains(.response) else {
            return try notice(frame, in: bytes)
        }
        if frame.opcode == .error {
            return try errorEvent(frame, in: bytes)
        }
        let id = frame.header.requestID
        guard let asked = requests.opcode(of: id) else { throw .answerWithoutRequest(id) }
        guard asked == frame.opcode else {
            throw .wrongAnswer(requestID: id, asked: asked, answered: frame.opcode)
        }
        let event = try answerEvent(frame, in: bytes)
        requests.release(id)
        return event
    }

    /// A frame that answers nothing: a heartbeat, a change or a goodbye.
    private mutating func notice(_ frame: Frame, in bytes: RawSpan) throws(ProtocolViolation) -> ClientEvent {
        guard frame.header.requestID == 0, phase == .open || phase == .leaving else {
            throw .unexpected(frame.opcode)
        }
        switch frame.opcode {
        case .ping:
            _ = try sound(.ping) { () throws(ErrorCode) in try Heartbeat(bytes, at: frame.payload) }
            let answer = FrameEncoder.array {
                FrameEncoder.pong(bytes.extracting(frame.payload), requestID: 0, into: &$0)
            }
            guard let answer else { throw .malformedPayload(.ping) }
            return .send(answer)
        case .changed:
            return .changed(
                try sound(.changed) { () throws(ErrorCode) in try ChangeNotice(bytes, at: frame.payload) })
        case .goodbye:
            let goodbye = try sound(.goodbye) { () throws(ErrorCode) in try Goodbye(bytes, at: frame.payload) }
            phase = .leaving
            return .goodbye(goodbye)
        default: throw .unexpected(frame.opcode)
        }
    }

    private mutating func errorEvent(_ frame: Frame, in bytes: RawSpan) throws(ProtocolViolation) -> ClientEvent {
        let report = try sound(.error) { () throws(ErrorCode) in try ErrorReport(bytes, at: frame.payload) }
        let id = frame.header.requestID
        let asked = requests.opcode(of: id)
        guard id == 0 || asked != nil else { throw .answerWithoutRequest(id) }
        if report.closes {
            requests.release(id)
            phase = .closed
            return .closed(report, requestID: id)
        }
        // Without an open session or a request, the client cannot continue.
        guard asked != nil, asked != .hello, phase != .helloSent else { throw .unexpected(.error) }
        requests.release(id)
        return .answer(.failed(report), requestID: id)
    }

    private mutating func answerEvent(_ frame: Frame, in bytes: RawSpan) throws(ProtocolViolation) -> ClientEvent {
        if frame.opcode == .hello {
            return .opened(try open(frame, in: bytes))
        }
        // The server answers the hello before any request that was sent after it.
        guard phase != .helloSent else { throw .unexpected(frame.opcode) }
        let answer = try sound(frame.opcode) { () throws(ErrorCode) in try Self.answer(frame, in: bytes) }
        return .answer(answer, requestID: frame.header.requestID)
    }

    private static func answer(_ frame: Frame, in bytes: RawSpan) throws(ErrorCode) -> Answer {
        let payload = frame.payload
        switch frame.opcode {
        case .ping: return .pong(try Ping(bytes, at: payload).payload)
        case .authenticate: return .authenticate(try AuthenticateAnswer(bytes, at: payload))
        case .echo: return .echo(payload)
        case .get: return .value(try GetAnswer(bytes, at: payload).value)
        case .put: return .put(created: try PutAnswer(bytes, at: payload).created)
        case .delete: return .delete(existed: try DeleteAnswer(bytes, at: payload).existed)
        case .scan: return .scan(try ScanAnswer(bytes, at: payload))
        case .read: return .read(try ReadAnswer(bytes, at: payload))
        case .write: return .write(try WriteAnswer(bytes, at: payload))
        case .batch: return .batch(try BatchAnswer(bytes, at: payload))
        case .watch: return .watch(try WatchAnswer(bytes, at: payload).watch)
        case .unwatch: return .unwatch(existed: try UnwatchAnswer(bytes, at: payload).existed)
        case .hello, .goodbye, .error, .changed: throw .wrongState
        }
    }

    private mutating func open(_ frame: Frame, in bytes: RawSpan) throws(ProtocolViolation) -> HelloAnswer {
        let hello = try sound(.hello) { () throws(ErrorCode) in try HelloAnswer(bytes, at: frame.payload) }
        guard hello.version == ProtocolVersion.current else { throw .versionNotOffered(hello.version) }
        serverMaximumPayload = Int(hello.maximumPayload)
        heartbeatMilliseconds = hello.heartbeatMilliseconds
        unansweredHeartbeats = hello.unansweredHeartbeats
        phase = .open
        return hello
    }

    /// Reads a payload. A malformed payload from the server is a violation, whatever the error code.
    private func sound<View>(
        _ opcode: Opcode, _ read: () throws(ErrorCode) -> View
    ) throws(ProtocolViolation) -> View {
        do throws(ErrorCode) { return try read() } catch { throw .malformedPayload(opcode) }
    }
}
