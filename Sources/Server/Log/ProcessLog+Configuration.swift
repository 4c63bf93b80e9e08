import Configuration
import Logging
import Telemetry

extension ProcessLog {
    /// Opens `log_file`, if there is one.
    convenience init(_ process: ProcessConfiguration) throws(StartProblem) {
        let format: LogFormat = process.logFormat == .json ? .json : .text
        do {
            let sink =
                process.logFile.isEmpty
                ? LogSink(format: format) : try LogSink(format: format, path: process.logFile)
            try self.init(sink, level: Logger.Level(process.logLevel))
        } catch {
            throw StartProblem(lines: ["\(error)"])
        }
    }
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
