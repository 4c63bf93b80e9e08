/// The server's side of one connection: docs/binary-protocol.md, section 9. Pure; the caller owns the bytes and the
/// clock.
///
/// It is what an idle connection costs the plugin, so it is kept at 32 bytes. It carries the settings that this client
/// was told, because a swap to other settings does not change what was promised.
package struct ServerSession: Equatable, Sendable {
    enum Phase: UInt8 {
        case awaitingHello = 0
        case open = 1
        case draining = 2
        case closing = 3
    }

    var heartbeat: HeartbeatTimer
    var phase: Phase = .awaitingHello
    package internal(set) var version: UInt8 = ProtocolVersion.current
    /// The largest payload that the client accepts; every peer accepts this much.
    package internal(set) var clientMaximumPayload = UInt32(WireLimits.smallestMaximumPayload)
    package internal(set) var settings: ServerSettings

    package init(settings: ServerSettings, nowMilliseconds: UInt64) {
        self.settings = settings
        heartbeat = HeartbeatTimer(quietSinceMilliseconds: nowMilliseconds)
    }

    /// True between the hello and the close.
    package var isOpen: Bool { phase == .open || phase == .draining }
    package var isDraining: Bool { phase == .draining }
    /// An error that closes was said; whatever still comes is discarded.
    package var isClosing: Bool { phase == .closing }

    /// False: answer with the failure `answerTooLarge`.
    package func allows(answerPayloadBytes count: Int) -> Bool { count <= Int(clientMaximumPayload) }
    package func allows(getAnswerValueBytes count: Int) -> Bool {
        allows(answerPayloadBytes: count + GetAnswer.fixedBytes)
    }

    /// Call from the host's `draining`. True: write a goodbye frame now. Requests are still served until the host
    /// closes.
    package mutating func beginDraining() -> Bool {
        guard phase == .open else { return false }
        phase = .draining
        return true
    }

    /// The client gave a sign of life that `next` was not shown: it is in the middle of a frame that is awaited whole.
    package mutating func heard(nowMilliseconds: UInt64) { heartbeat.heard(nowMilliseconds: nowMilliseconds) }

    /// Call from a timer; `wait` and `send` say when next.
    package mutating func tick(nowMilliseconds: UInt64) -> HeartbeatAction {
        guard isOpen else { return .off }
        let action = heartbeat.tick(nowMilliseconds: nowMilliseconds, settings: settings)
        if action == .timedOut { phase = .closing }
        return action
    }

    /// The peer will send no more. A refusal: it stopped within a frame, so answer with the error, then close.
    package mutating func ended(unconsumedBytes: Int) -> Refusal? {
        guard phase != .closing, unconsumedBytes > 0 else { return nil }
        phase = .closing
        return Refusal(untrusted: .truncatedFrame, available: unconsumedBytes)
    }

    /// The refusal that tells a client why `tick` said `timedOut`.
    package static var heartbeatRefusal: Refusal { Refusal(untrusted: .heartbeatTimeout, available: 0) }
}
