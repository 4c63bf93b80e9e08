import Glibc
import Threads

extension HTTPRun {
    /// The result of checking an answer.
    private enum Verdict: Equatable {
        case incomplete
        case right(closes: Bool)
        case wrong(String)
    }

    mutating func handle(connection index: Int, isLastEvent: Bool) {
        guard connections[index].isOpen else { return }
        if connections[index].unsentCount > 0 { send(on: index) }
        guard connections[index].isOpen else { return }
        receive(on: index, untilEnd: isLastEvent)
    }

    /// Starts the next request, or closes the connection when there is none.
    mutating func startRequest(on index: Int) {
        guard mayStart(on: index) else { return close(index) }
        connections[index].quota -= 1
        connections[index].startTime = readMonotonicClock()
        prepareRequest(on: index)
        send(on: index)
    }

    func mayStart(on index: Int) -> Bool { connections[index].quota > 0 && !isStopping }

    /// Prepares the current request to be sent from its first byte.
    mutating func prepareRequest(on index: Int) {
        connections[index].unsentCount = request.count
        connections[index].partialAnswer.removeAll(keepingCapacity: true)
    }

    private mutating func send(on index: Int) {
        while connections[index].unsentCount > 0 {
            let (socket, rest) = (connections[index].socket, connections[index].unsentCount)
            switch socket.send(request.span.bytes.extracting(last: rest)) {
            case .count(let sent): connections[index].unsentCount -= sent
            case .failed(let code): return replace(index, failed: code)
            case .wouldBlock, .endOfStream: return
            }
        }
    }

    /// Reads the bytes that have arrived. A short read has emptied the socket, and the next edge will report more, unless this
    /// was the last event.
    private mutating func receive(on index: Int, untilEnd: Bool) {
        while true {
            let socket = connections[index].socket
            switch socket.receive(into: &scratch) {
            case .count(let count):
                take(count, on: index)
                // The connection may have been replaced or closed by now. A new one has its own events.
                guard connections[index].isOpen, connections[index].socket.descriptor == socket.descriptor else {
                    return
                }
                if count < scratch.count && !untilEnd { return }
            case .wouldBlock: return
            case .endOfStream: return replaceClosed(index)
            case .failed(let code): return replace(index, failed: code)
            }
        }
    }

    private mutating func take(_ count: Int, on index: Int) {
        let verdict: Verdict
        if connections[index].startTime == nil {
            verdict = .wrong("bytes that no request asked for")
        } else if connections[index].partialAnswer.isEmpty {
            let received = scratch.span
            verdict = Self.judge(received.bytes.extracting(first: count))
        } else {
            connections[index].partialAnswer += scratch[..<count]
            let received = connections[index].partialAnswer
            verdict = Self.judge(received.span.bytes)
        }
        switch verdict {
        case .incomplete:
            if connections[index].partialAnswer.isEmpty { connections[index].partialAnswer += scratch[..<count] }
        case .right(let closes): finishRequest(on: index, closes: closes)
        case .wrong(let found):
            tally.wrongAnswers += 1
            note(index, found)
            close(index)
        }
    }

    private mutating func finishRequest(on index: Int, closes: Bool) {
        guard let start = connections[index].startTime else { return }
        latencies.record(readMonotonicClock() - start)
        tally.requests += 1
        connections[index].startTime = nil
        connections[index].partialAnswer.removeAll(keepingCapacity: true)
        if closes { replaceClosed(index) } else { startRequest(on: index) }
    }

    private static func judge(_ bytes: RawSpan) -> Verdict {
        guard let head = HTTPAnswerHead(bytes) else { return .incomplete }
        guard head.status == 200 else { return .wrong("status \(head.status)") }
        guard let bodyLength = head.contentLength else { return .wrong("an answer without Content-Length") }
        let length = head.length + bodyLength
        if bytes.byteCount > length { return .wrong("bytes after the answer") }
        return bytes.byteCount == length ? .right(closes: head.closes) : .incomplete
    }
}
