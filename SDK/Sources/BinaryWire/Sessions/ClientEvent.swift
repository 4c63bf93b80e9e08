/// The answer to one request. All ranges index the span that was given to the session.
public enum Answer: Equatable, Sendable {
    /// The payload of the ping; the caller compares it with what it sent.
    case pong(Range<Int>)
    case echo(Range<Int>)
    case authenticate(AuthenticateAnswer)
    /// nil: no such key.
    case value(Range<Int>?)
    case put(created: Bool)
    case delete(existed: Bool)
    case scan(ScanAnswer)
    case read(ReadAnswer)
    case write(WriteAnswer)
    case batch(BatchAnswer)
    /// The changes come as `ClientEvent.changed` with this number.
    case watch(UInt32)
    case unwatch(existed: Bool)
    case failed(ErrorReport)
}

public enum ClientEvent: Equatable, Sendable {
    /// Nothing was consumed. Pass at least this many bytes next time, counted from the same start.
    case needMore(total: Int)
    case opened(HelloAnswer)
    case answer(Answer, requestID: UInt32)
    /// Send these bytes: the answer to a heartbeat.
    case send([UInt8])
    /// What a watch of this connection is for has changed. The watch may have ended: its last notices can cross the request.
    case changed(ChangeNotice)
    /// Send no more requests, wait for those in flight, then close.
    case goodbye(Goodbye)
    /// The server refused something and closes. Request id 0 means that it was not one request.
    case closed(ErrorReport, requestID: UInt32)
    /// The server broke the protocol: close without sending anything.
    case violation(ProtocolViolation)
    /// The session has already ended.
    case discarded
}

public struct ClientStep: Equatable, Sendable {
    public let event: ClientEvent
    /// How many bytes, from the start that was given, the session no longer needs once the event is handled.
    public let consumed: Int
}

/// How a server broke the protocol.
public enum ProtocolViolation: Error, Equatable, Sendable {
    case badFrame(ErrorCode)
    case malformedPayload(Opcode)
    /// A request or notice that a server does not send, or one before its hello.
    case unexpected(Opcode)
    case answerWithoutRequest(UInt32)
    case wrongAnswer(requestID: UInt32, asked: Opcode, answered: Opcode)
    case versionNotOffered(UInt8)
    /// The stream ended within a frame.
    case truncatedFrame
    /// The stream ended with this many requests unanswered.
    case unanswered(Int)
}

/// Why the session did not make a request; nothing was sent and no id was used up.
public enum RequestRefusal: Error, Equatable, Sendable {
    case helloNotSent
    case helloSentAlready
    case tooManyInFlight
    case goodbyeReceived
    case closed
    /// An argument breaks a limit of the protocol, such as an empty key.
    case outOfLimits
    case payloadTooLarge(limit: Int)
}

public struct ClientRequest: Equatable, Sendable {
    public let requestID: UInt32
    public let bytes: [UInt8]
}
