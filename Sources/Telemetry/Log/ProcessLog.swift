import Logging
import Threads

/// The log of this process: its logger, its level, and the thread that writes the lines.
package final class ProcessLog: Sendable {
    package let logger: Logger
    package let sink: LogSink
    /// Changes live, also for running plugins.
    package let level: SharedLogLevel

    /// Starts the thread. It runs as long as the process, so the last lines are written too.
    package init(_ sink: LogSink, level: Logger.Level) throws(SystemError) {
        let level = SharedLogLevel(level)
        try NamedThread(name: "log") { sink.run() }.detach()
        self.sink = sink
        self.level = level
        logger = Logger(label: "martlet") { [sink] _ in LogWriter(sink, level: level) }
    }

    /// Opens the log file once more, for another process, which must not need to find it. nil: the log is no file, or it cannot be opened.
    package func openAgain() -> Int32? { sink.path.flatMap { try? LogTarget(path: $0) }?.descriptor }

    /// Call this before the process exits. It waits at most a second for lines that are not yet written.
    package func flush() { sink.flush(withinMilliseconds: 1_000) }
}
