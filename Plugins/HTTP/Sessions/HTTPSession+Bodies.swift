import HTTPWire
import MartletKit

extension HTTPSession {
    /// Keeps a transfer until the rest of the body arrives. Meanwhile the host applies its request timeout to the peer.
    mutating func park(_ transfer: BodyTransfer, _ exchange: Exchange) {
        parked = ParkedTransfer.park(transfer, target: exchange.target)
        exchange.connection.expectInput(true)
    }

    /// Starts an echo. The body may have arrived completely, partly or not at all.
    mutating func echo(_ reader: BodyReader, _ body: Bytes, _ head: RequestHead, _ exchange: Exchange) -> Step {
        // RFC 9110 10.1.1: not needed if content is already arriving.
        if head.expectsContinue, body.isEmpty { exchange.connection.write("HTTP/1.1 100 Continue\r\n\r\n") }
        var transfer = BodyTransfer(reader, .echo, exchange)
        let step = continueEcho(&transfer, body, exchange)
        if step.flow == .wait, !transfer.isDone { park(transfer, exchange) }
        return Step(consumed: Int(head.length) + step.consumed, flow: step.flow)
    }

    /// Continues with the body that was not complete at the end of the previous callback.
    mutating func resume(_ input: Bytes, _ connection: Connection<HTTP>) -> Step {
        guard let parked else { return Step(consumed: 0, flow: .proceed) }
        let step =
            switch parked.pointee.transfer.purpose {
            case .discard: parked.pointee.transfer.continueDiscarding(input, connection)
            case .echo:
                continueEcho(
                    &parked.pointee.transfer, input,
                    parked.pointee.transfer.exchange(connection, target: parked.pointee.target))
            }
        if parked.pointee.transfer.isDone {
            parked.release()
            self.parked = nil
            connection.expectInput(false)
        }
        return step
    }

    private func continueEcho(_ transfer: inout BodyTransfer, _ input: Bytes, _ exchange: Exchange) -> Step {
        let (consumed, outcome) = transfer.echo(input, exchange)
        switch outcome {
        case .waits(let result):
            return Step(consumed: consumed, flow: result.isAccepted ? .wait : exchange.breakOff())
        case .done(let result):
            transfer.isDone = true
            var exchange = exchange
            // The head promised keep-alive, but that was before the drain. Closing is always allowed (RFC 9112 9.6).
            if isDraining { exchange.keepsAlive = false }
            return Step(
                consumed: consumed, flow: exchange.finish(StatusCode.ok.number, bytes: transfer.bytesSent, result))
        case .refused(let refusal):
            if !transfer.headIsSent {
                return Step(consumed: 0, flow: Exchange.refuse(refusal, of: exchange.method, exchange.connection))
            }
            // A part of the answer is already sent. Without its last chunk it is visibly incomplete (RFC 9112 section 8).
            exchange.connection.plugin.metrics.countMalformed(refusal.status)
            exchange.connection.close()
            return Step(consumed: 0, flow: .end)
        }
    }
}

extension BodyTransfer {
    /// The answer is already sent, so if the body turns out malformed, the session can only close the connection.
    mutating func continueDiscarding(_ input: Bytes, _ connection: Connection<HTTP>) -> HTTPSession.Step {
        let (consumed, outcome) = reader.discard(input, connection.plugin.settings.limits)
        switch outcome {
        case .incomplete: return HTTPSession.Step(consumed: consumed, flow: .wait)
        case .complete:
            isDone = true
            return HTTPSession.Step(consumed: consumed, flow: .proceed)
        case .refused(let refusal):
            connection.plugin.metrics.countMalformed(refusal.status)
            connection.close()
            return HTTPSession.Step(consumed: 0, flow: .end)
        }
    }
}
