import Logging

/// What loggers hand their messages to: the line is made in the thread that logs, and written by another one.
package struct LogWriter: LogHandler {
    package var metadata: Logger.Metadata = [:]
    private let sink: LogSink
    private let level: SharedLogLevel
    /// Of this copy of the logger alone.
    private var ownLevel: Logger.Level?

    package init(_ sink: LogSink, level: SharedLogLevel) {
        self.sink = sink
        self.level = level
    }

    package var logLevel: Logger.Level {
        get { ownLevel ?? level.value }
        set { ownLevel = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
        sink.append(sink.format.line(event.level, event.message.description, fields))
    }
}
