/// A request whose payload is sound. All ranges index the span that was given to the session.
package enum ServerRequest: Equatable, Sendable {
    case ping(Range<Int>)
    case echo(Range<Int>)
    case get(key: Range<Int>)
    case put(PutRequest)
    case delete(key: Range<Int>)
    case scan(ScanRequest)
}

package enum ServerEvent: Equatable, Sendable {
    /// Nothing consumed; present at least this many bytes next time, counted from the same start.
    case needMore(total: Int)
    /// Answer with `FrameEncoder.helloAnswer(settings: session.settings, …)`.
    case hello(HelloRequest, requestID: UInt32)
    case request(ServerRequest, requestID: UInt32)
    /// Nothing to do: the client is alive.
    case heartbeatAnswered
    /// Answer with `FrameEncoder.error(refusal)`, then close if it says so.
    case refused(Refusal)
    /// The connection is to be closed already; these bytes are nobody's.
    case discarded
}

package struct ServerStep: Equatable, Sendable {
    package let event: ServerEvent
    /// Bytes, from the start that was given, that the session is done with once the event is handled.
    package let consumed: Int
}
