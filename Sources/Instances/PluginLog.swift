import Logging
import Synchronization
import Telemetry

/// The log of an instance: each line carries the instance's names, and `log_rate` limits the number of lines.
final class PluginLog: Sendable {
    private static let reportMilliseconds: UInt64 = 1_000

    private struct State {
        var rate: LogRate
        /// A report of the lines that did not pass is scheduled.
        var isReportAsked = false
    }

    private let logger: Logger
    private let sink: LogSink
    private let state: Mutex<State>
    private let onSuppressed: @Sendable () -> Void

    /// - Parameters:
    ///   - linesPerSecond: 0 is no limit.
    ///   - onSuppressed: called for each line that does not pass.
    init(_ logger: Logger, sink: LogSink, linesPerSecond: Int, onSuppressed: @escaping @Sendable () -> Void) {
        self.onSuppressed = onSuppressed
        self.logger = logger
        self.sink = sink
        state = Mutex(State(rate: LogRate(linesPerSecond: linesPerSecond)))
    }

    func logs(_ level: Logger.Level) -> Bool { logger.logLevel <= level }

    /// May be called from any thread.
    func log(_ level: Logger.Level, _ message: String) {
        // A line below the log level does not count against the rate.
        guard logs(level) else { return }
        let now = MonotonicTime.now().nanoseconds
        let (passes, asksForReport) = state.withLock { state in
            if state.rate.pass(at: now) { return (true, false) }
            defer { state.isReportAsked = true }
            return (false, !state.isReportAsked)
        }
        if passes {
            logger.log(level: level, "\(message)")
        } else {
            onSuppressed()
        }
        if asksForReport { sink.report(afterMilliseconds: Self.reportMilliseconds) { self.tellOfSuppressed() } }
    }

    private func tellOfSuppressed() {
        let count = state.withLock { state in
            state.isReportAsked = false
            return state.rate.takeSuppressed()
        }
        let lines = count == 1 ? "1 line of this plugin was" : "\(count) lines of this plugin were"
        logger.warning("\(lines) not written (log_rate)")
    }
}
