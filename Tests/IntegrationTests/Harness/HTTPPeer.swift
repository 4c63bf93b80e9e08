/// One complete answer.
struct HTTPAnswer {
    var status: Int
    /// By name, in lower case.
    var fields: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A small HTTP client, just enough to check that every answer is complete.
final class HTTPPeer {
    let peer: Peer
    private var buffer: [UInt8] = []

    init(_ address: ServerAddress) throws { peer = try Peer(address) }

    func get(_ path: String) throws -> HTTPAnswer {
        try send("GET", path)
        return try answer()
    }

    func send(_ method: String, _ path: String, _ fields: [String] = [], body: String = "") throws {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + fields
        try peer.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// - Parameter hasBody: false for an answer to HEAD.
    func answer(hasBody: Bool = true) throws -> HTTPAnswer {
        let head = try take(through: "\r\n\r\n")
        let lines = head.split(separator: "\r\n").map(String.init)
        guard let first = lines.first, first.hasPrefix("HTTP/1."), let status = Int(first.dropFirst(9).prefix(3)) else {
            throw Failure("not an HTTP answer: \(head)")
        }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw Failure("not a field: \(line)") }
            fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        // RFC 9112, 6.3.
        if status < 200 || status == 204 || status == 304 || !hasBody {
            return HTTPAnswer(status: status, fields: fields, body: [])
        }
        if fields["transfer-encoding"] == "chunked" {
            return HTTPAnswer(status: status, fields: fields, body: try chunks())
        }
        guard let length = fields["content-length"].flatMap({ Int($0) }) else {
            throw Failure("no Content-Length: \(head)")
        }
        return HTTPAnswer(status: status, fields: fields, body: try take(length))
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try take(through: "\r\n")
            guard let size = Int(line.prefix(while: \.isHexDigit), radix: 16) else {
                throw Failure("not the size of a chunk: \(line)")
            }
            body += try take(size)
            _ = try take(2)
            if size == 0 { return body }
        }
    }

    private func take(through end: String) throws -> String {
        while true {
            if let found = buffer.firstRange(of: Array(end.utf8)) {
                return String(decoding: try take(found.upperBound), as: UTF8.self)
            }
            try receiveMore()
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try receiveMore() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    private func receiveMore() throws {
        let some = try peer.receiveSome()
        guard !some.isEmpty else { throw Failure("read an answer: the connection ended in the middle of it") }
        buffer += some
    }
}
