import Glibc
import Threads

/// A connection that the server has closed is counted and replaced, and its unanswered request is sent again, as a client has to
/// do. The time that this takes is part of the request's latency.
extension HTTPRun {
    mutating func replaceClosed(_ index: Int) {
        tally.closes += 1
        replace(index, "closed by the server")
    }

    mutating func replace(_ index: Int, failed code: Int32) {
        if code == ECONNRESET || code == EPIPE {
            tally.resets += 1
            replace(index, "reset by the server")
        } else {
            tally.errors += 1
            note(index, String(cString: strerror(code)))
            close(index)
        }
    }

    private mutating func replace(_ index: Int, _ reason: String) {
        let isLost = connections[index].startTime != nil
        if isLost { tally.lostRequests += 1 }
        note(index, isLost ? "\(reason), a request was in flight" : reason)
        close(index)
        // When the run is stopping, no new request is started, but a lost request still needs an answer.
        guard isLost || mayStart(on: index) else { return }
        do throws(LoadError) {
            connections[index].socket = try open(index)
            connections[index].isOpen = true
            openCount += 1
        } catch {
            tally.errors += 1
            return note(index, error.description)
        }
        // A new connection is writable, and its first event sends the prepared request. So a server that closes every connection
        // is handled by the loop and not by ever deeper calls.
        if !isLost {
            connections[index].quota -= 1
            connections[index].startTime = readMonotonicClock()
        }
        prepareRequest(on: index)
    }

    mutating func closeStalled(at now: Nanoseconds) {
        let timeout = load.answerTimeout.nanoseconds
        for index in connections.indices where connections[index].isOpen {
            guard let start = connections[index].startTime, now >= start + timeout else { continue }
            tally.timeouts += 1
            note(index, "no complete answer within \(load.answerTimeout)")
            close(index)
        }
    }

    mutating func close(_ index: Int) {
        connections[index].socket.close()
        connections[index].isOpen = false
        openCount -= 1
    }

    mutating func note(_ index: Int, _ failure: String) {
        if tally.firstFailure == nil { tally.firstFailure = "connection \(index): \(failure)" }
    }
}
