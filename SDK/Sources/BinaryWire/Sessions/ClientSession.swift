/// The client's side of one connection: docs/binary-protocol.md, section 9. It does no I/O: the caller owns the socket and the
/// clock.
public struct ClientSession: Sendable {
    enum Phase {
        case idle
        case helloSent
        case open
        case leaving
        case closed
    }

    let name: String
    /// The largest payload that this client accepts.
    public let maximumPayload: UInt32
    var phase = Phase.idle
    var requests: RequestTable
    /// What every server accepts, until the server's hello allows more.
    public internal(set) var serverMaximumPayload = WireLimits.smallestMaximumPayload
    public internal(set) var heartbeatMilliseconds: UInt32 = 0
    public internal(set) var unansweredHeartbeats: UInt8 = 0
    var lastReceivedMilliseconds: UInt64 = 0

    public init(
        name: String, maximumPayload: UInt32 = UInt32(WireLimits.defaultMaximumPayload), maximumInFlight: Int = 1_024
    ) {
        self.name = name
        self.maximumPayload = maximumPayload
        requests = RequestTable(capacity: maximumInFlight)
    }

    public var inFlight: Int { requests.count }
    public var isOpen: Bool { phase == .open }
    public var isClosed: Bool { phase == .closed }

    /// True after a goodbye when nothing is in flight any more: close now.
    public var mayClose: Bool { phase == .leaving && requests.count == 0 }

    /// True when the server, which sends heartbeats when it is idle, has been silent for longer than it allows its clients to be.
    public func serverIsLost(nowMilliseconds: UInt64) -> Bool {
        guard phase == .open || phase == .leaving, heartbeatMilliseconds > 0,
            nowMilliseconds > lastReceivedMilliseconds
        else { return false }
        let patience = UInt64(heartbeatMilliseconds) * (UInt64(unansweredHeartbeats) + 1)
        return nowMilliseconds - lastReceivedMilliseconds > patience
    }

    /// Call this when the stream has ended. Returns nil when it ended correctly: with no partial frame and no unanswered request.
    public mutating func ended(unconsumedBytes: Int) -> ProtocolViolation? {
        guard phase != .closed else { return nil }
        phase = .closed
        if unconsumedBytes > 0 { return .truncatedFrame }
        return requests.count > 0 ? .unanswered(requests.count) : nil
    }
}
