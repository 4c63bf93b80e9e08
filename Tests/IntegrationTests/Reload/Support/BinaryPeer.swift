import BinaryWire

/// A client of the binary protocol on a blocking socket. It makes requests, which a test can send whole or in pieces.
final class BinaryPeer {
    let peer: Peer
    private(set) var session = ClientSession(name: "reload-test")
    private var unread: [UInt8] = []

    /// The server's messages that these tests distinguish.
    enum Reply: Equatable {
        case opened
        case echo([UInt8])
        case pong([UInt8])
        case value([UInt8]?)
        case stored
        case heartbeat(answer: [UInt8])
        case other(String)
    }

    /// Connects and says hello.
    init(_ address: ServerAddress) throws {
        peer = try Peer(address)
        try peer.send(make { session throws(RequestRefusal) in try session.hello() })
        guard try next() == .opened else { throw Failure("the server did not answer the hello") }
    }

    /// The bytes of a request.
    func make(_ request: (inout ClientSession) throws(RequestRefusal) -> ClientRequest) throws -> [UInt8] {
        try request(&session).bytes
    }

    func echo(_ payload: [UInt8]) throws -> [UInt8] {
        try make { session throws(RequestRefusal) in try session.echo(payload) }
    }

    /// Sends an echo request and checks its answer. Answers heartbeats that arrive in between.
    func expectEcho(_ payload: [UInt8]) throws {
        try peer.send(echo(payload))
        let reply = try nextAnswer()
        guard reply == .echo(payload) else { throw Failure("expected the echo, found \(reply)") }
    }

    /// The next reply that is not a heartbeat. Answers heartbeats.
    func nextAnswer() throws -> Reply {
        while true {
            let reply = try next()
            guard case .heartbeat(let answer) = reply else { return reply }
            try peer.send(answer)
        }
    }

    func next() throws -> Reply {
        while true {
            let step = session.next(in: unread.span.bytes, nowMilliseconds: 0)
            let reply = reply(step.event)
            unread.removeFirst(step.consumed)
            if let reply { return reply }
            let some = try peer.receiveSome()
            guard !some.isEmpty else { throw Failure("receive: the server closed") }
            unread += some
        }
    }

    private func reply(_ event: ClientEvent) -> Reply? {
        switch event {
        case .needMore: nil
        case .opened: .opened
        case .answer(.echo(let range), _): .echo(Array(unread[range]))
        case .answer(.pong(let range), _): .pong(Array(unread[range]))
        case .answer(.value(let range), _): .value(range.map { Array(unread[$0]) })
        case .answer(.put, _): .stored
        case .send(let answer): .heartbeat(answer: answer)
        default: .other("\(event)")
        }
    }
}
