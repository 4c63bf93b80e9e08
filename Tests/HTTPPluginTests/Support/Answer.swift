/// One response, parsed strictly: this checks once, for all tests, what a plugin must not get wrong.
struct Answer: Equatable {
    let status: Int
    let reason: String
    let fields: [(name: String, value: String)]
    let content: [UInt8]

    enum Problem: Error, Equatable {
        case incomplete(String)
        case malformed(String)
        case left([UInt8])
    }

    var text: String { String(decoding: content, as: UTF8.self) }

    subscript(_ name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }

    /// The only answer in `bytes`, with nothing after it.
    init(only bytes: [UInt8], isHead: Bool = false) throws(Problem) {
        var rest = bytes[...]
        self = try Answer(&rest, isHead: isHead)
        guard rest.isEmpty else { throw .left(Array(rest)) }
    }

    /// All answers in `bytes`; `heads` are the indices of the answers to HEAD.
    static func all(_ bytes: [UInt8], heads: Set<Int> = []) throws(Problem) -> [Answer] {
        var rest = bytes[...]
        var answers: [Answer] = []
        while !rest.isEmpty { answers.append(try Answer(&rest, isHead: heads.contains(answers.count))) }
        return answers
    }

    init(_ rest: inout ArraySlice<UInt8>, isHead: Bool) throws(Problem) {
        let statusLine = try Self.line(&rest)
        let parts = statusLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0] == "HTTP/1.1", let number = Int(parts[1]), (100...599).contains(number) else {
            throw .malformed(statusLine)
        }
        var fields: [(name: String, value: String)] = []
        while case let line = try Self.line(&rest), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":"), line[line.index(after: colon)...].hasPrefix(" ") else {
                throw .malformed(line)
            }
            fields.append((String(line[..<colon]), String(line[colon...].dropFirst(2))))
        }
        status = number
        reason = parts[2]
        self.fields = fields
        content = try Self.content(&rest, number, fields, isHead: isHead)
    }

    private static func content(
        _ rest: inout ArraySlice<UInt8>, _ status: Int, _ fields: [(name: String, value: String)], isHead: Bool
    ) throws(Problem) -> [UInt8] {
        let length = fields.first { $0.name == "Content-Length" }?.value
        let isChunked = fields.contains { $0.name == "Transfer-Encoding" && $0.value == "chunked" }
        if status < 200 || status == 204 {
            guard length == nil, !isChunked else { throw .malformed("\(status) with a length") }
            return []
        }
        if isHead || status == 304 { return [] }
        if isChunked {
            guard length == nil else { throw .malformed("chunked, and a length") }
            return try chunks(&rest)
        }
        guard let length, let count = Int(length) else { throw .malformed("no length") }
        return try take(count, &rest)
    }

    private static func chunks(_ rest: inout ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
        var content: [UInt8] = []
        while true {
            let line = try line(&rest)
            guard let size = Int(line, radix: 16) else { throw .malformed(line) }
            content += try take(size, &rest)
            guard try Self.line(&rest).isEmpty else { throw .malformed("chunk") }
            if size == 0 { return content }
        }
    }

    private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
        guard rest.count >= count else { throw .incomplete("\(rest.count) of \(count) bytes") }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) throws(Problem) -> String {
        guard let end = rest.firstIndex(of: 0x0A), end > rest.startIndex, rest[end - 1] == 0x0D else {
            throw .incomplete(String(decoding: rest, as: UTF8.self))
        }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[rest.startIndex..<end - 1], as: UTF8.self)
    }

    static func == (left: Answer, right: Answer) -> Bool {
        left.status == right.status && left.reason == right.reason && left.content == right.content
            && left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }
}
