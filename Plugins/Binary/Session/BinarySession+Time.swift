import BinaryWire
import MartletKit

// The timer of a connection has two purposes: heartbeats while the client is silent, and the end of a drain.

extension BinarySession {
    mutating func timerFired(_ connection: Connection<Binary>) {
        // The sweep for expired keys needs a time also if there are no requests.
        _ = connection.wallClockMilliseconds
        keepTime(connection)
    }

    /// Does what is due and sets the timer for the next event.
    ///
    /// A client in the middle of a frame does not count as silent, because the session does not see its bytes. The host's
    /// `limits.request_timeout` and `limits.idle_timeout` end a connection whose client never finishes the frame.
    mutating func keepTime(_ connection: Connection<Binary>) {
        let now = connection.nowMilliseconds
        if drainDeadlineMilliseconds != 0, now >= drainDeadlineMilliseconds {
            connection.close()
            return
        }
        if awaitsFrame || isWaiting { wire.heard(nowMilliseconds: now) }
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

    /// Says goodbye and keeps serving: a client that follows the protocol sends no more requests, waits for pending
    /// answers and closes. Any other client is disconnected when the grace period is over.
    mutating func draining(_ connection: Connection<Binary>) {
        guard wire.beginDraining() else {
            // There was no hello yet, so nothing was promised; or the connection is already closing.
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

    /// All complete requests are answered by now; only a part of a frame can be left.
    mutating func peerClosed(_ connection: Connection<Binary>) {
        if isWaiting {
            isEnding = true
            return
        }
        if let refusal = wire.ended(unconsumedBytes: Int(unconsumedBytes)) { _ = refuse(refusal, connection) }
        connection.close()
    }
}
