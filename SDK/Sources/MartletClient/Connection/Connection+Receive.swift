import BinaryWire

extension Connection {
    /// What arrived, for the pool.
    enum Event {
        /// The next frame is not there yet.
        case needMore
        case opened
        case answered(SlotID, Reply)
        /// The request was not executed.
        case refused(RequestsInFlight.Purpose, ErrorCode, text: String)
        /// A watch is in place, under this number.
        case watching(RequestsInFlight.Purpose, UInt32)
        case changed(SlotID, MartletClient.Change)
        /// Send no more. The requests had not been sent.
        case goodbye([RequestsInFlight.Purpose])
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
            // Only a server that sends heartbeats and reads nothing comes here.
            guard output.count < Self.outputLimit + session.serverMaximumPayload + Self.outputLimit else {
                return .failed(.violation(.unexpected(.ping)))
            }
            output.append(answer)
            return .handled
        case .changed(let notice):
            // A watch that has ended can have notices on their way.
            guard let watch = watches[notice.watch] else { return .handled }
            return .changed(watch, MartletClient.Change(notice, in: bytes))
        case .goodbye: return .goodbye(leave())
        case .closed(let report, _): return .failed(.refused(report.code, text: bytes.text(report.text)))
        case .violation(let violation): return .failed(.violation(violation))
        case .discarded: return .needMore
        }
    }

    private mutating func open(_ hello: HelloAnswer, _ bytes: RawSpan, _ now: UInt64) -> Event {
        lastUsedMilliseconds = now
        description = MartletClient.Server(
            name: bytes.text(hello.name), version: Int(hello.version), maximumPayload: Int(hello.maximumPayload),
            heartbeatInterval: hello.heartbeatMilliseconds == 0
                ? nil : .milliseconds(Int(hello.heartbeatMilliseconds)))
        guard let credentials = settings.credentials else {
            phase = .open
            return .opened
        }
        phase = .authenticating
        return logIn(credentials)
    }

    private mutating func take(_ answer: Answer, _ id: UInt32, _ bytes: RawSpan, _ now: UInt64) -> Event {
        // The session has checked that the id is in flight.
        guard let purpose = requests.remove(id)?.purpose else { return .handled }
        if purpose == .login { return loggedIn(answer, bytes) }
        switch answer {
        case .watch(let number): return .watching(purpose, number)
        case .failed(let report): return .refused(purpose, report.code, text: bytes.text(report.text))
        default: break
        }
        guard case .call(let call) = purpose, let reply = Reply(answer, in: bytes) else { return .handled }
        lastUsedMilliseconds = now
        return .answered(call, reply)
    }
}
