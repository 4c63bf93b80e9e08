import BinaryWire
import MartletKit

// The timer of a connection serves two ends: heartbeats while the client is silent, and the end of a drain.

extension BinarySession {
    mutating func timerFired(_ connection: Connection<Binary>) { keepTime(connection) }

    /// Does what is due and sets the timer for what comes next.
    ///
    /// A client in the middle of a frame is not silent, as far as this session can tell. `limits.request_timeout` and
    /// `limits.idle_timeout` end one that never finishes it.
    mutating func keepTime(_ connection: Connection<Binary>) {
        let now = connection.nowMilliseconds
        if drainDeadlineMilliseconds != 0, now >= drainDeadlineMilliseconds {
            connection.close()
            return
        }
        if awaitsFrame { wire.heard(nowMilliseconds: now) }
        var next = drainDeadlineMilliseconds == 0 ? UInt64.max : drainDeadlineMilliseconds
        switch wire.tick(nowMilliseconds: now) {
        case .off: break
        case .wait(let time): next = min(next, time)
        case .send(let counter, let time):
            connection.sendHeartbeat(counter)
            next = min(next, time)
        case .timedOut:
            _ = refuse(ServerSession.heartbeatRefusal, connection)
            return
        }
        if next != .max { connection.setTimer(milliseconds: next > now ? next - now : 1) }
    }

    /// Says goodbye and goes on serving: a client that keeps the protocol asks nothing more, waits for what is in
    /// flight and closes. One that does not is closed when the grace is over.
    mutating func draining(_ connection: Connection<Binary>) {
        guard wire.beginDraining() else {
            // No hello yet, so nothing was promised; or the connection is closing already.
            if !wire.isOpen { connection.close() }
            return
        }
        let grace = connection.plugin.options.drainGraceMilliseconds
        connection.sayGoodbye(graceMilliseconds: grace)
        guard grace > 0 else {
            connection.close()
            return
        }
        drainDeadlineMilliseconds = connection.nowMilliseconds + UInt64(grace)
        keepTime(connection)
    }

    /// All complete requests are answered by now; what is left is a part of a frame.
    mutating func peerClosed(_ connection: Connection<Binary>) {
        if let refusal = wire.ended(unconsumedBytes: Int(unconsumedBytes)) { _ = refuse(refusal, connection) }
        connection.close()
    }
}
