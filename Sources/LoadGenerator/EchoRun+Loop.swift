import Threads

extension EchoRun {
    /// How often connections are checked for progress, and how late a stop signal is noticed at worst.
    private static var inspectionInterval: Nanoseconds { 20_000_000 }

    /// Runs the load to its end.
    mutating func report() throws(LoadError) -> EchoReport {
        let start = readMonotonicClock()
        var now = start
        var nextInspection = start + Self.inspectionInterval
        let deadline = deadline(from: start)
        for index in connections.indices {
            connections[index].lastProgress = start
            send(on: index, at: start)
        }
        while openCount > 0 {
            let wake = isStopping ? nextInspection : min(nextInspection, deadline)
            let count = try epoll.wait(timeoutMilliseconds: milliseconds(from: now, to: wake))
            now = readMonotonicClock()
            for event in 0..<count {
                handle(connection: epoll.token(ofEvent: event), isLastEvent: epoll.isLast(event: event))
            }
            if !isStopping && (now >= deadline || isStopRequested) { stop(at: now) }
            if now >= nextInspection {
                closeStalled(at: now)
                nextInspection = now + Self.inspectionInterval
            }
        }
        return finishedReport(after: readMonotonicClock() - start)
    }

    private func deadline(from start: Nanoseconds) -> Nanoseconds {
        guard case .after(let duration) = load.ending else { return .max }
        return start.adding(saturating: duration.nanoseconds)
    }

    private var isStopRequested: Bool {
        guard case .stopped(let signal) = load.ending else { return false }
        return signal.isStopped
    }

    /// Rounded up, so that the loop does not spin through the last millisecond.
    private func milliseconds(from now: Nanoseconds, to wake: Nanoseconds) -> Int32 {
        wake <= now ? 0 : Int32(min((wake - now + 999_999) / 1_000_000, 1_000))
    }

    private mutating func stop(at now: Nanoseconds) {
        isStopping = true
        for index in connections.indices where connections[index].isOpen {
            connections[index].stream.stop()
            send(on: index, at: now)
        }
    }

    private mutating func closeStalled(at now: Nanoseconds) {
        let timeout = load.answerTimeout.nanoseconds
        for index in connections.indices where connections[index].isOpen {
            let stalledFor = now - min(connections[index].lastProgress, now)
            if stalledFor >= timeout { close(index, because: .timedOut) }
        }
    }

    private func finishedReport(after duration: Nanoseconds) -> EchoReport {
        var report = tally
        for connection in connections {
            report.messages += connection.stream.answeredMessages
            report.bytes += connection.stream.receivedBytes
        }
        report.durationSeconds = Double(duration) / 1_000_000_000
        report.messagesPerSecond = report.durationSeconds > 0 ? Double(report.messages) / report.durationSeconds : 0
        report.latency = latencies.summary
        return report
    }
}
