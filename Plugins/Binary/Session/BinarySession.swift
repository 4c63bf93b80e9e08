import BinaryWire
import MartletKit

/// The server's side of one connection: takes frames in order and answers each before it takes the next. `ServerSession`
/// implements the rules of the protocol; this type carries out its decisions.
struct BinarySession: Session {
    typealias Plugin = Binary

    var wire: ServerSession
    /// When a draining connection is closed, finished or not; 0: it is not draining.
    var drainDeadlineMilliseconds: UInt64 = 0
    /// Bytes that the last `received` left unconsumed: a part of a frame.
    var unconsumedBytes: UInt32 = 0
    /// The host presents no input before the next frame is complete. Bytes may arrive meanwhile, and the session does not see
    /// them.
    var awaitsFrame = false
    /// What the client may do depends on who it is, which is not known yet, or on its rights.
    var isGuarded: Bool
    /// Who the client is; nil: the listener has no users, or it is not known yet.
    var login: Login?
    /// For a database, or for the host to tell who the client is: no request is taken meanwhile.
    var isWaiting = false
    /// The client sends nothing more: the connection closes after the answers.
    var isEnding = false
    var unsent: UnsentRequests?
    /// Without any it takes no memory.
    var watches: [ConnectionWatch] = []

    init(opening connection: Connection<Binary>) {
        wire = ServerSession(settings: connection.plugin.options.wire, nowMilliseconds: connection.nowMilliseconds)
        isGuarded = connection.plugin.requiresUsers
    }

    mutating func received(_ input: Span<UInt8>, from connection: Connection<Binary>) -> Int {
        if connection.plugin.stored != nil { return receivedStored(input, from: connection) }
        let now = connection.nowMilliseconds
        awaitsFrame = false
        var consumed = 0
        var frames: Int64 = 0
        var goesOn = true
        while goesOn {
            let step = wire.next(in: input.bytes, from: consumed, nowMilliseconds: now)
            if case .needMore(let total) = step.event {
                if total > WireLimits.headerBytes { awaitsFrame = connection.want(total).isAccepted }
                break
            }
            consumed += step.consumed
            frames += 1
            goesOn = take(step.event, in: input, connection)
        }
        if frames > 0 { connection.plugin.metrics.frames.add(frames) }
        unconsumedBytes = UInt32(clamping: input.count - consumed)
        return consumed
    }

    /// Returns false to take no more frames now, because the output is full or the connection is closing.
    @inline(__always)
    mutating func take(_ event: ServerEvent, in input: Span<UInt8>, _ connection: Connection<Binary>) -> Bool {
        switch event {
        case .request(let request, let id):
            let exchange = Exchange(
                connection: connection, requestID: id, clientMaximumPayload: Int(wire.clientMaximumPayload))
            if isGuarded, let code = denial(of: request, in: input) {
                return exchange.fail(code, request.opcode, Span()) == .ok
            }
            switch request {
            case .authenticate(let request): return authenticate(request, exchange, input)
            case .watch(let request): return watch(request, exchange, input) == .ok
            case .unwatch(let number): return unwatch(number, exchange) == .ok
            default: return exchange.answer(request, in: input) == .ok
            }
        case .heartbeatAnswered: return true
        case .hello(_, let id):
            let result = connection.greet(wire.settings, requestID: id)
            _ = connection.wallClockMilliseconds
            keepTime(connection)
            return result == .ok
        case .refused(let refusal): return refuse(refusal, connection) == .ok
        case .needMore, .discarded: return false
        }
    }

    /// Sends the error of a refusal, and then closes if the refusal says so.
    mutating func refuse(_ refusal: Refusal, _ connection: Connection<Binary>) -> HostResult {
        if refusal.code.isProtocolError { connection.plugin.metrics.protocolErrors.add() }
        let result = connection.send(refusal)
        if refusal.closes {
            connection.close()
            return .closed
        }
        return result
    }
}

extension Connection {
    var nowMilliseconds: UInt64 { monotonicNanoseconds / 1_000_000 }
}

extension Connection<Binary> {
    /// Since 1970. Also tells the loop's sweep what time it is.
    var wallClockMilliseconds: Int64 {
        loop.milliseconds(monotonicNanoseconds: monotonicNanoseconds, wallClockSeconds: wallClockSeconds)
    }
}
