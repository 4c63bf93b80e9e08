import Configuration
import Logging
import Telemetry
import Threads

/// A server's log: its logger, and the thread that writes the lines.
package final class ServerLog: Sendable {
    let logger: Logger
    let sink: LogSink
    private let level: SharedLogLevel
    private let hasFile: Bool

    /// Opens `log_file`, if there is one, and starts the thread.
    init(_ process: ProcessConfiguration) throws(StartProblem) {
        let format: LogFormat = process.logFormat == .json ? .json : .text
        let level = SharedLogLevel(Logger.Level(process.logLevel))
        do {
            let sink =
                process.logFile.isEmpty
                ? LogSink(format: format) : try LogSink(format: format, path: process.logFile)
            // The thread runs as long as the process, so the last lines are written too.
            try NamedThread(name: "log") { sink.run() }.detach()
            self.sink = sink
        } catch {
            throw StartProblem(lines: ["\(error)"])
        }
        self.level = level
        hasFile = !process.logFile.isEmpty
        logger = Logger(label: "martlet") { [sink] _ in LogWriter(sink, level: level) }
    }

    /// Changes `log_level` live, also for running plugins.
    func setLevel(_ new: ProcessConfiguration.LogLevel) { level.value = Logger.Level(new) }

    /// Returns false when there is no log file to reopen.
    func reopen() -> Bool {
        if hasFile { sink.reopen() }
        return hasFile
    }

    /// Call this before the process exits. It waits at most a second for lines that are not yet written.
    package func flush() { sink.flush(withinMilliseconds: 1_000) }
}

extension Logger.Level {
    init(_ level: ProcessConfiguration.LogLevel) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
