/// What a server sends each client in its hello. One per listener, not per connection.
package struct ServerSettings: Equatable, Sendable {
    /// The largest payload that the server accepts.
    package let maximumPayload: UInt32
    /// 0: no heartbeats; only the host's idle timeout closes a silent client.
    package let heartbeatMilliseconds: UInt32
    package let unansweredHeartbeats: UInt8

    /// Returns nil when a number breaks the limits of the protocol.
    package init?(
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
