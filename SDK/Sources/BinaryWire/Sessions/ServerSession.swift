/// The server's side of one connection: docs/binary-protocol.md, section 9. It does no I/O: the caller owns the bytes and the
/// clock.
///
/// It is all that an idle connection costs the plugin, so it has only 32 bytes. It keeps the settings that were sent to this
/// client, because a swap to other settings does not change what was promised.
public struct ServerSession: Equatable, Sendable {
    enum Phase: UInt8 {
        case awaitingHello = 0
        case open = 1
        case draining = 2
        case closing = 3
    }

    var heartbeat: HeartbeatTimer
    var phase: Phase = .awaitingHello
    public internal(set) var version: UInt8 = ProtocolVersion.current
    /// The largest payload that the client accepts. Every peer accepts the initial value.
    public internal(set) var clientMaximumPayload = UInt32(WireLimits.smallestMaximumPayload)
    public internal(set) var settings: ServerSettings

    public init(settings: ServerSettings, nowMilliseconds: UInt64) {
        self.settings = settings
        heartbeat = HeartbeatTimer(quietSinceMilliseconds: nowMilliseconds)
    }

    /// True between the hello and the close.
    public var isOpen: Bool { phase == .open || phase == .draining }
    public var isDraining: Bool { phase == .draining }
    /// An error that closes the connection was sent. Further input is discarded.
    public var isClosing: Bool { phase == .closing }

    /// When false, answer with the failure `answerTooLarge`.
    public func allows(answerPayloadBytes count: Int) -> Bool { count <= Int(clientMaximumPayload) }
    public func allows(getAnswerValueBytes count: Int) -> Bool {
        allows(answerPayloadBytes: count + GetAnswer.fixedBytes)
    }

    /// Call this from the host's `draining`. Returns true when a goodbye frame must be written now. Requests are still served
    /// until the host closes.
    public mutating func beginDraining() -> Bool {
        guard phase == .open else { return false }
        phase = .draining
        return true
    }

    /// Call this when the client has sent bytes that `next` does not get, because the caller waits for the whole frame first.
    public mutating func heard(nowMilliseconds: UInt64) { heartbeat.heard(nowMilliseconds: nowMilliseconds) }

    /// Call this from a timer. `wait` and `send` say when to call it next.
    public mutating func tick(nowMilliseconds: UInt64) -> HeartbeatAction {
        guard isOpen else { return .off }
        let action = heartbeat.tick(nowMilliseconds: nowMilliseconds, settings: settings)
        if action == .timedOut { phase = .closing }
        return action
    }

    /// Call this when the peer will send no more. Returns a refusal when it stopped within a frame: answer with the error, then
    /// close.
    public mutating func ended(unconsumedBytes: Int) -> Refusal? {
        guard phase != .closing, unconsumedBytes > 0 else { return nil }
        phase = .closing
        return Refusal(untrusted: .truncatedFrame, available: unconsumedBytes)
    }

    /// The refusal to send when `tick` returns `timedOut`.
    public static var heartbeatRefusal: Refusal { Refusal(untrusted: .heartbeatTimeout, available: 0) }
}
