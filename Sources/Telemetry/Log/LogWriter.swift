import Logging

/// Takes the messages of loggers. The thread that logs formats the line; another thread writes it.
package struct LogWriter: LogHandler {
    package var metadata: Logger.Metadata = [:]
    private let sink: LogSink
    private let level: SharedLogLevel
    /// The level of this copy of the logger alone.
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
