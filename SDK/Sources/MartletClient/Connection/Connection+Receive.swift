import BinaryWire

extension Connection {
    /// What arrived, for the pool.
    enum Event {
        /// The next frame is not there yet.
        case needMore
        case opened
        case answered(SlotID, Reply)
        /// The request was not executed.
        case refused(SlotID, ErrorCode, text: String)
        /// Send no more. The calls had not been sent.
        case goodbye([SlotID])
        case failed(ConnectionFailure)
        /// Something that only this connection needs to know.
        case handled
    }

    /// Reads the next frame from `position`, which it moves behind the frame.
    mutating func next(in bytes: RawSpan, from position: inout Int, nowMilliseconds: UInt64) -> Event {
        if position < bytes.byteCount { heartbeat.heard(nowMilliseconds: nowMilliseconds) }
        let step = session.next(in: bytes, from: position, nowMilliseconds: nowMilliseconds)
        position += step.consumed
        switch step.event {
        case .needMore: return .needMore
        case .opened(let hello): return open(hello, bytes, nowMilliseconds)
        case .answer(let answer, let id): return take(answer, id, bytes, nowMilliseconds)
        case .send(let answer):
            output.append(answer)
            return .handled
        case .goodbye: return .goodbye(leave())
        case .closed(let report, _): return .failed(.refused(report.code, text: bytes.text(report.text)))
        case .violation(let violation): return .failed(.violation(violation))
        case .discarded: return .handled
        }
    }

    private mutating func open(_ hello: HelloAnswer, _ bytes: RawSpan, _ now: UInt64) -> Event {
        phase = .open
        lastUsedMilliseconds = now
        description = MartletClient.Server(
            name: bytes.text(hello.name), version: Int(hello.version), maximumPayload: Int(hello.maximumPayload),
            heartbeatInterval: hello.heartbeatMilliseconds == 0
                ? nil : .milliseconds(Int(hello.heartbeatMilliseconds)))
        return .opened
    }

    private mutating func take(_ answer: Answer, _ id: UInt32, _ bytes: RawSpan, _ now: UInt64) -> Event {
        // The session has checked that the id is in flight.
        guard let call = requests.remove(id)?.call else { return .handled }
        lastUsedMilliseconds = now
        if let reply = Reply(answer, in: bytes) { return .answered(call, reply) }
        guard case .failed(let report) = answer else { return .handled }
        return .refused(call, report.code, text: bytes.text(report.text))
    }
}
