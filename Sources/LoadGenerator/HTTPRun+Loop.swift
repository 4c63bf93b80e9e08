import Threads

extension HTTPRun {
    /// How often connections are checked for late answers.
    private static var inspectionInterval: Nanoseconds { 20_000_000 }

    /// Runs the load to its end.
    mutating func report() throws(LoadError) -> HTTPReport {
        let start = readMonotonicClock()
        var nextInspection = start + Self.inspectionInterval
        let deadline = deadline(from: start)
        for index in connections.indices { startRequest(on: index) }
        while openCount > 0 {
            let now = readMonotonicClock()
            let wake = isStopping ? nextInspection : min(nextInspection, deadline)
            // Rounded up, so that the loop does not spin through the last millisecond.
            let milliseconds = wake <= now ? 0 : Int32(min((wake - now + 999_999) / 1_000_000, 1_000))
            let count = try epoll.wait(timeoutMilliseconds: milliseconds)
            for event in 0..<count {
                handle(connection: epoll.token(ofEvent: event), isLastEvent: epoll.isLast(event: event))
            }
            let after = readMonotonicClock()
            if after >= deadline { isStopping = true }
            if after >= nextInspection {
                closeStalled(at: after)
                nextInspection = after + Self.inspectionInterval
            }
        }
        return finishedReport(after: readMonotonicClock() - start)
    }

    private func deadline(from start: Nanoseconds) -> Nanoseconds {
        guard case .after(let duration) = load.ending else { return .max }
        return start.adding(saturating: duration.nanoseconds)
    }

    private func finishedReport(after duration: Nanoseconds) -> HTTPReport {
        var report = tally
        report.durationSeconds = Double(duration) / 1_000_000_000
        report.requestsPerSecond = report.durationSeconds > 0 ? Double(report.requests) / report.durationSeconds : 0
        report.latency = latencies.summary
        return report
    }
}
