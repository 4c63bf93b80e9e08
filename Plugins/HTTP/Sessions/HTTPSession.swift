import HTTPWire
import MartletKit

/// One connection: the state between two requests, and the unfinished body of the last one. Content and unread requests
/// stay with the host, so an idle session has only these few bytes.
struct HTTPSession: Session {
    typealias Plugin = HTTP

    var parser = RequestParser()
    var requestCount: UInt32 = 0
    /// The body that is not complete yet.
    var parked: UnsafeMutablePointer<ParkedTransfer>?
    var isDraining = false
    /// Whether input was left with the host: a part of a head, or requests that wait for room.
    var hasUnreadInput = false

    init(opening connection: Connection<HTTP>) {}

    mutating func received(_ input: Span<UInt8>, from connection: Connection<HTTP>) -> Int {
        connection.loop.date.update(connection.wallClockSeconds)
        return input.withUnsafeBufferPointer { answerAll(of: $0, connection) }
    }

    /// Answers every complete request, in order, until the output is full.
    @inline(__always)
    private mutating func answerAll(of input: Bytes, _ connection: Connection<HTTP>) -> Int {
        var head = RequestHead()
        var offset = 0
        let wasParked = parked != nil
        while offset < input.count {
            let rest = Bytes(start: input.baseAddress! + offset, count: input.count &- offset)
            let step = _fastPath(parked == nil) ? answerNext(in: rest, &head, connection) : resume(rest, connection)
            offset &+= step.consumed
            if step.flow == .proceed { continue }
            if step.flow == .end { return input.count }
            break
        }
        if _slowPath(parked != nil || wasParked) { connection.checkpoint() }
        hasUnreadInput = offset < input.count
        if _slowPath(isDraining) { closeIfNothingIsBegun(connection) }
        return offset
    }

    /// The result of one request: how much of the input it consumed, and how to continue.
    struct Step {
        let consumed: Int
        let flow: Flow
    }

    @inline(__always)
    private mutating func answerNext(
        in input: Bytes, _ head: inout RequestHead, _ connection: Connection<HTTP>
    ) -> Step {
        let bytes = RawSpan(_unsafeBytes: UnsafeRawBufferPointer(input))
        switch parser.parse(bytes, limits: connection.plugin.settings.limits, into: &head) {
        case .needMore: return Step(consumed: 0, flow: .wait)
        case .refused(let refusal):
            let method = RequestMethod(ofRefused: bytes)
            return Step(consumed: 0, flow: Exchange.refuse(refusal, of: method, connection))
        case .head: break
        }
        requestCount &+= 1
        if let flow = answerPlainly(head, input, connection) { return Step(consumed: Int(head.length), flow: flow) }
        return answer(head, input, connection)
    }

    // MARK: The end

    /// All input has been presented, so every complete request has been answered.
    mutating func peerClosed(_ connection: Connection<HTTP>) { connection.close() }

    /// A request that has partly arrived or is queued gets an answer with `Connection: close`. If there is none, the
    /// connection closes now.
    mutating func draining(_ connection: Connection<HTTP>) {
        isDraining = true
        closeIfNothingIsBegun(connection)
    }

    private func closeIfNothingIsBegun(_ connection: Connection<HTTP>) {
        let isAnswering = parked.map { $0.pointee.transfer.purpose == .echo } ?? false
        if !hasUnreadInput, !isAnswering { connection.close() }
    }

    mutating func closed(_ connection: Connection<HTTP>, reason: CloseReason) {
        parked?.release()
        parked = nil
    }
}
