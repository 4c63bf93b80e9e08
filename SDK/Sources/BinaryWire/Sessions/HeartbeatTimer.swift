/// When a server sends heartbeats to a quiet client, and when it gives up: docs/binary-protocol.md, section 9. The clock is a
/// parameter.
public struct HeartbeatTimer: Equatable, Sendable {
    /// When the client last sent a byte, or we last sent a heartbeat. Each heartbeat gets a full interval, so a process that was
    /// stopped for a while does not blame its clients.
    var quietSinceMilliseconds: UInt64
    /// The counter of the last heartbeat. 32 bits last for 13 years at the shortest interval.
    var counter: UInt32 = 0
    var unanswered: UInt8 = 0

    mutating func heard(nowMilliseconds: UInt64) {
        quietSinceMilliseconds = nowMilliseconds
        unanswered = 0
    }

    mutating func tick(nowMilliseconds: UInt64, settings: ServerSettings) -> HeartbeatAction {
        let interval = UInt64(settings.heartbeatMilliseconds)
        guard interval > 0 else { return .off }
        let quiet = nowMilliseconds > quietSinceMilliseconds ? nowMilliseconds - quietSinceMilliseconds : 0
        guard quiet >= interval else { return .wait(untilMilliseconds: quietSinceMilliseconds &+ interval) }
        guard unanswered < settings.unansweredHeartbeats else { return .timedOut }
        unanswered += 1
        counter &+= 1
        quietSinceMilliseconds = nowMilliseconds
        return .send(counter: UInt64(counter), nextMilliseconds: nowMilliseconds &+ interval)
    }

    /// Answers to several heartbeats may be on their way. An answer to a heartbeat that was never sent comes from a broken
    /// client.
    func hasSent(_ heartbeat: Heartbeat) -> Bool { 1...UInt64(max(counter, 1)) ~= heartbeat.counter && counter > 0 }
}

public enum HeartbeatAction: Equatable, Sendable {
    /// There are no heartbeats on this connection, or not yet.
    case off
    case wait(untilMilliseconds: UInt64)
    /// Write `FrameEncoder.heartbeat(counter:)` and ask again at the given time.
    case send(counter: UInt64, nextMilliseconds: UInt64)
    /// Write the error `heartbeatTimeout` and close.
    case timedOut
}
