import Glibc
import Logging

/// The format of log lines.
package enum LogFormat: String, Sendable {
    case text, json

    /// One line, with its newline.
    func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata = [:]) -> [UInt8] {
        let fields = metadata.map { (key: $0.key, value: "\($0.value)") }.sorted { $0.key < $1.key }
        let line = self == .json ? jsonLine(level, message, fields) : textLine(level, message, fields)
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
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

    /// Text from peers and plugins must not begin new lines in the log or control a terminal.
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
