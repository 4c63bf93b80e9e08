import Glibc

/// docs/binary-protocol.md, read at run time: its tables and examples are test data.
struct ProtocolDocument {
    private let lines: [String]

    init() throws {
        // …/Tests/BinaryWireTests/Support/ProtocolDocument.swift -> …/docs/binary-protocol.md
        let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        lines = try Self.contents(of: root + "/docs/binary-protocol.md").split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    /// The blocks that begin with "```frame NAME", in order.
    var frames: [(name: String, bytes: [UInt8])] {
        var found: [(name: String, bytes: [UInt8])] = []
        var isInside = false
        for line in lines {
            if line.hasPrefix("```frame ") {
                found.append((String(line.dropFirst(9)), []))
                isInside = true
            } else if line.hasPrefix("```") {
                isInside = false
            } else if isInside, let hexadecimal = line.split(separator: ";").first {
                found[found.count - 1].bytes += hexadecimal.split(separator: " ").compactMap { UInt8($0, radix: 16) }
            }
        }
        return found
    }

    /// The cells of each row of the table whose header begins with these columns.
    func table(_ columns: String...) -> [[String]] {
        guard let header = lines.firstIndex(where: { Self.cells($0).starts(with: columns) }) else { return [] }
        return lines[(header + 2)...].prefix { $0.hasPrefix("|") }.map(Self.cells)
    }

    private static func cells(_ line: String) -> [String] {
        guard line.hasPrefix("|") else { return [] }
        return line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map { cell in
            String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    struct Unreadable: Error { let path: String, errno: Int32 }

    private static func contents(of path: String) throws -> String {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw Unreadable(path: path, errno: errno) }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw Unreadable(path: path, errno: errno) }
            if count == 0 { return String(decoding: contents, as: UTF8.self) }
            contents += chunk[..<count]
        }
    }
}
