import FoundationEssentials
import Glibc

/// Writes a line to standard error.
func printError(_ text: String) {
    let bytes = Array("martlet: \(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

/// Prints a value as JSON, with keys in a fixed order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Prints rows in aligned columns. The first row is the heading.
func printTable(_ rows: [[String]]) {
    for line in tableLines(rows) { print(line) }
}

func tableLines(_ rows: [[String]]) -> [String] {
    guard let columns = rows.first?.count else { return [] }
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        var line = ""
        for (column, cell) in row.enumerated() {
            line += column == columns - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
        }
        return trimmed(line)
    }
}

/// Writes lines, for a second at most: a pipe that nobody reads must not block a server.
func printBriefly(_ lines: [String], to descriptor: Int32 = STDOUT_FILENO) {
    var rest = lines.flatMap { Array("\($0)\n".utf8) }[...]
    let clock = ContinuousClock()
    let end = clock.now + .seconds(1)
    while !rest.isEmpty, clock.now < end {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, 100) != 0 else { continue }
        // When poll(2) has found room, a pipe takes PIPE_BUF bytes without blocking.
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, min($0.count, Int(PIPE_BUF))) }
        if count > 0 { rest = rest.dropFirst(count) }
        if count <= 0, errno != EINTR, errno != EAGAIN { return }
    }
}

private func trimmed(_ line: String) -> String {
    var line = line
    while line.hasSuffix(" ") { line.removeLast() }
    return line
}

/// 1536 -> "1.5 KiB"
func formatBytes(_ bytes: UInt64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1_024, unit < units.count - 1 {
        value /= 1_024
        unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
}

/// 1500 -> "1.5 ms"
func formatMicroseconds(_ microseconds: Double) -> String {
    func rounded(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
    if microseconds < 1_000 { return "\(rounded(microseconds)) us" }
    return microseconds < 1e6 ? "\(rounded(microseconds / 1_000)) ms" : "\(rounded(microseconds / 1e6)) s"
}

/// 3725 -> "1h 2m 5s"
func formatSeconds(_ seconds: Double) -> String {
    let total = Int(seconds)
    let parts = [(total / 86_400, "d"), (total / 3_600 % 24, "h"), (total / 60 % 60, "m"), (total % 60, "s")]
    let shown = parts.drop { $0.0 == 0 }
    return shown.isEmpty ? "0s" : shown.map { "\($0.0)\($0.1)" }.joined(separator: " ")
}

/// A folder in the temporary directory, for this user alone.
struct TemporaryFolder {
    let path: String

    struct Problem: Error, CustomStringConvertible { let description: String }

    init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/martlet-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Problem(description: "cannot make a folder in \(base): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the folder with the images in it.
    func remove() {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}

/// Standard output is buffered when it is not a terminal. A program that waits for a line must get it now.
func flushOutput() { fflush(nil) }
