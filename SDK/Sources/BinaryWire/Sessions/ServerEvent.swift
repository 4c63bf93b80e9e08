/// A request whose payload is valid. All ranges index the span that was given to the session.
public enum ServerRequest: Equatable, Sendable {
    case ping(Range<Int>)
    case authenticate(AuthenticateRequest)
    case echo(Range<Int>)
    case get(key: Range<Int>)
    case put(PutRequest)
    case delete(key: Range<Int>)
    case scan(ScanRequest)
    case read(key: Range<Int>)
    case write(WriteRequest)
    case batch(BatchRequest)
    case watch(WatchRequest)
    case unwatch(watch: UInt32)
}

public enum ServerEvent: Equatable, Sendable {
    /// Nothing was consumed. Pass at least this many bytes next time, counted from the same start.
    case needMore(total: Int)
    /// Answer with `FrameEncoder.helloAnswer(settings: session.settings, …)`.
    case hello(HelloRequest, requestID: UInt32)
    case request(ServerRequest, requestID: UInt32)
    /// Nothing to do: the client is alive.
    case heartbeatAnswered
    /// Answer with `FrameEncoder.error(refusal)`, then close if the refusal says so.
    case refused(Refusal)
    /// The connection is closing. These bytes are ignored.
    case discarded
}

public struct ServerStep: Equatable, Sendable {
    public let event: ServerEvent
    /// How many bytes, from the start that was given, the session no longer needs once the event is handled.
    public let consumed: Int
}
