import Threads

extension EchoRun {
    mutating func handle(connection index: Int, isLastEvent: Bool) {
        guard connections[index].isOpen else { return }
        let now = readMonotonicClock()
        if receive(on: index, at: now, untilEnd: isLastEvent) { send(on: index, at: now) }
    }

    /// Reads the bytes that have arrived. A short read has emptied the socket, and the next edge will report more, unless this
    /// was the last event. Returns false when the connection is over.
    private mutating func receive(on index: Int, at now: Nanoseconds, untilEnd: Bool) -> Bool {
        while true {
            switch connections[index].socket.receive(into: &scratch) {
            case .count(let count):
                connections[index].lastProgress = now
                let verdict = connections[index].stream.receive(
                    scratch, count: count, at: now, into: &latencies)
                if verdict != .right {
                    close(index, because: .wrong(verdict))
                    return false
                }
                if count < scratch.count && !untilEnd { return true }
            case .wouldBlock:
                return true
            case .endOfStream:
                let stream = connections[index].stream
                close(index, because: stream.hasSentAll && stream.owedBytes == 0 ? .done : .closedByServer)
                return false
            case .failed(let code):
                close(index, because: .failed(code: code))
                return false
            }
        }
    }

    /// Starts as many messages as allowed, and sends until the kernel takes no more.
    mutating func send(on index: Int, at now: Nanoseconds) {
        connections[index].stream.startMessages(at: now)
        while connections[index].stream.unsentBytes > 0 {
            let count = Int(min(connections[index].stream.unsentBytes, UInt64(scratch.count)))
            connections[index].stream.pattern.fill(
                &scratch, count: count, from: connections[index].stream.sentBytes)
            switch connections[index].socket.send(scratch.span.bytes.extracting(first: count)) {
            case .count(let sent):
                connections[index].stream.sent(sent)
                connections[index].lastProgress = now
            case .failed(let code):
                close(index, because: .failed(code: code))
                return
            case .wouldBlock, .endOfStream:
                return
            }
        }
        if connections[index].stream.hasSentAll && !connections[index].hasFinishedSending {
            connections[index].hasFinishedSending = true
            connections[index].socket.finishSending()
        }
    }

    mutating func close(_ index: Int, because ending: Ending) {
        let stream = connections[index].stream
        connections[index].socket.close()
        connections[index].isOpen = false
        openCount -= 1
        count(ending, missing: stream.owedBytes, onConnection: index)
    }
}
