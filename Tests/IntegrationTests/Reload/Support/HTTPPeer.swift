/// A client of HTTP on a blocking socket: sends what it is told and reads whole answers with a Content-Length, or chunked.
final class HTTPPeer {
    let peer: Peer
    private var unread: [UInt8] = []

    struct Answer: Equatable {
        var status: Int
        var fields: [String: String]
        var body: String
    }

    init(_ address: ServerAddress) throws { peer = try Peer(address) }

    func get(_ path: String = "/") throws -> Answer {
        try peer.send(Self.request(path))
        return try next()
    }

    static func request(_ path: String = "/") -> String { "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n" }

    func next() throws -> Answer {
        let head = try take(through: "\r\n\r\n")
        let lines = head.split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count >= 2, first[0] == "HTTP/1.1",
            let status = Int(first[1])
        else { throw Failure("not the head of an answer: \(head)") }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let field = line.split(separator: ":", maxSplits: 1)
            guard field.count == 2 else { throw Failure("not a field: \(line)") }
            fields[field[0].lowercased()] = String(field[1].drop { $0 == " " })
        }
        let body = try fields["transfer-encoding"] == "chunked" ? chunks() : take(Int(fields["content-length"] ?? "") ?? 0)
        return Answer(status: status, fields: fields, body: String(decoding: body, as: UTF8.self))
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try take(through: "\r\n")
            guard let size = Int(line, radix: 16) else { throw Failure("not the size of a chunk: \(line)") }
            body += try take(size)
            _ = try take(2)
            if size == 0 { return body }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while unread.count < count { try receive() }
        defer { unread.removeFirst(count) }
        return Array(unread[..<count])
    }

    /// Without the end.
    private func take(through end: String) throws -> String {
        let end = Array(end.utf8)
        var searched = 0
        while true {
            while searched + end.count <= unread.count {
                if unread[searched..<searched + end.count] == end[...] {
                    let text = String(decoding: unread[..<searched], as: UTF8.self)
                    unread.removeFirst(searched + end.count)
                    return text
                }
                searched += 1
            }
            try receive()
        }
    }

    private func receive() throws {
        let some = try peer.receiveSome()
        guard !some.isEmpty else { throw Failure("the server closed; unread: \(unread.count) bytes") }
        unread += some
    }
}
