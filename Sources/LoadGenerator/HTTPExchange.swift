/// One GET and its answer on a socket that does not block. Knows only as much of HTTP as it needs to find the end of the answer.
struct HTTPExchange {
    let socket: Socket
    let address: TargetAddress
    /// How long the answer may pause.
    let timeoutMilliseconds: Int

    private static let longestAnswer = 1 << 20

    func run() throws(LoadError) {
        var request = Self.request(to: address)
        while !request.isEmpty {
            switch socket.send(request.span.bytes) {
            case .count(let sent): request.removeFirst(sent)
            case let other: throw failure(of: other, doing: "send a request to \(address)")
            }
        }
        var answer: [UInt8] = []
        while try !isWhole(answer) { try receive(into: &answer) }
    }

    /// A complete GET request.
    static func request(to address: TargetAddress) -> [UInt8] {
        let host = address.isUnix ? "localhost" : address.description
        return Array("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8)
    }

    private func receive(into answer: inout [UInt8]) throws(LoadError) {
        var chunk = [UInt8](repeating: 0, count: 4096)
        switch socket.receive(into: &chunk) {
        case .count(let count): answer += chunk[..<count]
        case .wouldBlock where socket.waitForInput(milliseconds: timeoutMilliseconds): return
        case let other: throw failure(of: other, doing: "read the answer of \(address)")
        }
    }

    private func isWhole(_ answer: [UInt8]) throws(LoadError) -> Bool {
        guard let head = HTTPAnswerHead(answer.span.bytes) else {
            if answer.count > Self.longestAnswer { throw unexpected("no end of the head in \(answer.count) bytes") }
            return false
        }
        guard head.status == 200 else { throw unexpected("status \(head.status)") }
        guard let bodyLength = head.contentLength else { throw unexpected("no Content-Length") }
        if answer.count > head.length + bodyLength { throw unexpected("bytes after the answer") }
        return answer.count == head.length + bodyLength
    }

    private func unexpected(_ found: String) -> LoadError {
        .invalid(what: "answer of \(address)", expected: "one 200 with a Content-Length", found: found)
    }

    private func failure(of outcome: Socket.Outcome, doing: String) -> LoadError {
        switch outcome {
        case .failed(let code): .system(doing: doing, code: code)
        case .wouldBlock: .timeout(doing: doing)
        case .endOfStream, .count: unexpected("the end of the connection")
        }
    }
}
