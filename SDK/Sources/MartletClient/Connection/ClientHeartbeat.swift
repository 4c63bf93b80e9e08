/// When a client pings a quiet server, and when it gives up: the counterpart of the server's heartbeats (docs/binary-protocol.md, 9.3).
struct ClientHeartbeat: Sendable {
    /// 0: never.
    let intervalMilliseconds: UInt64
    let unansweredLimit: Int
    /// When the server was last heard, or pinged. Each ping gets a full interval, so a process that was stopped does not blame its servers.
    private var quietSinceMilliseconds: UInt64
    private var unanswered = 0

    enum Action: Equatable {
        case none
        case ping
        case lost
    }

    init(intervalMilliseconds: UInt64, unansweredLimit: Int, nowMilliseconds: UInt64) {
        self.intervalMilliseconds = intervalMilliseconds
        self.unansweredLimit = unansweredLimit
        quietSinceMilliseconds = nowMilliseconds
    }

    /// When to call `tick`; nil: never.
    var nextMilliseconds: UInt64? { intervalMilliseconds == 0 ? nil : quietSinceMilliseconds + intervalMilliseconds }

    mutating func heard(nowMilliseconds: UInt64) {
        quietSinceMilliseconds = nowMilliseconds
        unanswered = 0
    }

    mutating func tick(nowMilliseconds: UInt64) -> Action {
        guard let next = nextMilliseconds, nowMilliseconds >= next else { return .none }
        guard unanswered < unansweredLimit else { return .lost }
        unanswered += 1
        quietSinceMilliseconds = nowMilliseconds
        return .ping
    }
}
