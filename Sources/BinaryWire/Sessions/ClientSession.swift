/// The client's side of one connection: docs/binary-protocol.md, section 9. Pure; the caller owns the socket and the
/// clock.
package struct ClientSession: Sendable {
    enum Phase {
        case idle
        case helloSent
        case open
        case leaving
        case closed
    }

    let name: String
    /// The largest payload that this client accepts.
    package let maximumPayload: UInt32
    var phase = Phase.idle
    var requests: RequestTable
    /// What every server accepts, until its hello says more.
    package internal(set) var serverMaximumPayload = WireLimits.smallestMaximumPayload
    package internal(set) var heartbeatMilliseconds: UInt32 = 0
    package internal(set) var unansweredHeartbeats: UInt8 = 0
    var lastReceivedMilliseconds: UInt64 = 0

    package init(
        name: String, maximumPayload: UInt32 = UInt32(WireLimits.defaultMaximumPayload), maximumInFlight: Int = 1_024
    ) {
        self.name = name
        self.maximumPayload = maximumPayload
        requests = RequestTable(capacity: maximumInFlight)
    }

    package var inFlight: Int { requests.count }
    package var isOpen: Bool { phase == .open }
    package var isClosed: Bool { phase == .closed }

    /// After a goodbye: nothing is in flight any more, close now.
    package var mayClose: Bool { phase == .leaving && requests.count == 0 }

    /// True when the server, which sends heartbeats when it is idle, has been silent for longer than it gives its
    /// clients.
    package func serverIsLost(nowMilliseconds: UInt64) -> Bool {
        guard phase == .open || phase == .leaving, heartbeatMilliseconds > 0,
            nowMilliseconds > lastReceivedMilliseconds
        else { return false }
        let patience = UInt64(heartbeatMilliseconds) * (UInt64(unansweredHeartbeats) + 1)
        return nowMilliseconds - lastReceivedMilliseconds > patience
    }

    /// The stream ended. nil: as it should, with nothing half received and nothing unanswered.
    package mutating func ended(unconsumedBytes: Int) -> ProtocolViolation? {
        guard phase != .closed else { return nil }
        phase = .closed
        if unconsumedBytes > 0 { return .truncatedFrame }
        return requests.count > 0 ? .unanswered(requests.count) : nil
    }
}
