import Glibc
import Logging
import Synchronization

/// How log lines look.
package enum LogFormat: String, Sendable {
    case text, json
}

/// The log of the process: one line a message, to standard error, in one write(2) each so that lines never mix.
package struct LogWriter: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let label: String
    private let format: LogFormat
    private let descriptor: Int32

    package init(label: String, level: Logger.Level, format: LogFormat, descriptor: Int32 = STDERR_FILENO) {
        self.label = label
        logLevel = level
        self.format = format
        self.descriptor = descriptor
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.map { (key: $0.key, value: "\($0.value)") }
            .sorted { $0.key < $1.key }
        let line =
            format == .json
            ? jsonLine(event.level, event.message.description, fields)
            : textLine(event.level, event.message.description, fields)
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        // A log that cannot be written is no reason to stop serving.
        _ = write(descriptor, bytes, bytes.count)
    }

    private func textLine(_ level: Logger.Level, _ message: String, _ fields: [(key: String, value: String)]) -> String
    {
        var line = "\(timestamp()) \(level.rawValue.uppercased()) \(singleLine(message))"
        for (key, value) in fields { line += " \(key)=\(quotedIfNeeded(value))" }
        return line
    }

    private func jsonLine(_ level: Logger.Level, _ message: String, _ fields: [(key: String, value: String)]) -> String
    {
        var line = "{\"time\":\"\(timestamp())\",\"level\":\"\(level.rawValue)\",\"message\":\(jsonString(message))"
        for (key, value) in fields { line += ",\(jsonString(key)):\(jsonString(value))" }
        return line + "}"
    }

    private func quotedIfNeeded(_ value: String) -> String {
        let plain = value.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
        }
        return plain && !value.isEmpty ? value : jsonString(value)
    }

    /// What peers and plugins put into a message must not begin lines of its own or steer a terminal.
    private func singleLine(_ text: String) -> String {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } ? text : String(jsonString(text).dropFirst().dropLast())
    }
}

/// A JSON string (RFC 8259, 7).
package func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}

/// UTC with milliseconds (RFC 3339).
private func timestamp() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var parts = tm()
    gmtime_r(&time.tv_sec, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { buffer in
        let count = strftime(buffer.baseAddress!, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let milliseconds = String(1_000 + time.tv_nsec / 1_000_000).dropFirst()
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) + ".\(milliseconds)Z"
    }
}
