/// What a server sends each client in its hello. One per listener, not per connection.
public struct ServerSettings: Equatable, Sendable {
    /// The largest payload that the server accepts.
    public let maximumPayload: UInt32
    /// 0: no heartbeats; only the host's idle timeout closes a silent client.
    public let heartbeatMilliseconds: UInt32
    public let unansweredHeartbeats: UInt8

    /// Returns nil when a number breaks the limits of the protocol.
    public init?(
        maximumPayload: UInt32 = UInt32(WireLimits.defaultMaximumPayload), heartbeatMilliseconds: UInt32 = 30_000,
        unansweredHeartbeats: UInt8 = 3
    ) {
        self.maximumPayload = maximumPayload
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.unansweredHeartbeats = unansweredHeartbeats
        guard WireLimits.allows(maximumPayload: maximumPayload),
            WireLimits.allows(heartbeatMilliseconds: heartbeatMilliseconds), unansweredHeartbeats >= 1
        else { return nil }
    }
}
