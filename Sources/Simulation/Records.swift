import CMartlet
import Engine
import Instances
import Logging
import Synchronization
import Telemetry

/// A rule of `martlet.h` that the plugin broke.
package struct Problem: Equatable, Sendable, CustomStringConvertible {
    /// `SimulatedPeer.number`
    package let connection: Int?
    /// The call during which it was noticed.
    package let call: CallbackKind?
    package let text: String
    /// The host function refused the call, so nothing came of it.
    package let isAnswered: Bool

    package var description: String { connection.map { "connection \($0): \(text)" } ?? text }
}

/// A line that the plugin logged.
package struct LogRecord: Sendable {
    package let level: martlet_log_level
    package let message: String
}

/// A request that the plugin reported with `request_done`.
package struct RequestRecord {
    /// `SimulatedPeer.number`
    package let connection: Int
    /// Its texts were valid during the call only.
    package let request: martlet_request
    package let method: [UInt8]
    package let target: [UInt8]

    init(connection: Int, _ request: martlet_request) {
        func bytes(_ text: martlet_text) -> [UInt8] {
            Array(UnsafeRawBufferPointer(start: text.data, count: text.data == nil ? 0 : text.length))
        }
        self.connection = connection
        self.request = request
        (method, target) = (bytes(request.method), bytes(request.target))
    }
}

/// What a plugin can reach from any thread: the log, and the list of broken rules.
final class Records: Sendable {
    private struct State {
        var level = MARTLET_LOG_TRACE
        var logs: [LogRecord] = []
        var problems: [Problem] = []
    }

    private let state = Mutex(State())

    /// Instances need one; nothing is written to it.
    static let sink = LogSink(format: .text, descriptor: -1)

    var logLevel: martlet_log_level {
        get { state.withLock { $0.level } }
        set { state.withLock { $0.level = newValue } }
    }

    var logs: [LogRecord] { state.withLock { $0.logs } }
    var problems: [Problem] { state.withLock { $0.problems } }

    func add(_ problem: Problem) { state.withLock { $0.problems.append(problem) } }

    fileprivate func add(_ line: LogRecord) { state.withLock { $0.logs.append(line) } }

    var logger: Logger { Logger(label: "simulation") { _ in Handler(records: self) } }

    private struct Handler: LogHandler {
        let records: Records
        var metadata: Logger.Metadata = [:]

        var logLevel: Logger.Level {
            get { Logger.Level(records.logLevel) }
            set {}
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let level =
                switch event.level {
                case .trace: MARTLET_LOG_TRACE
                case .debug: MARTLET_LOG_DEBUG
                case .info, .notice: MARTLET_LOG_INFO
                case .warning: MARTLET_LOG_WARNING
                case .error, .critical: MARTLET_LOG_ERROR
                }
            records.add(LogRecord(level: level, message: "\(event.message)"))
        }
    }
}

extension CallbackKind {
    /// As a report names it.
    package var phrase: String {
        switch self {
        case .delivery: "a delivery"
        case .work: "submitted work"
        case .operation: "an operation"
        case .release: "a release function"
        default: name
        }
    }
}
