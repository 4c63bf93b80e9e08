/// A client of RESP2. Used by one thread at a time.
final class RESPStoreClient {
    enum Reply: Equatable, CustomStringConvertible {
        case text(String)
        case error(String)
        case integer(Int)
        case bytes([UInt8])
        case array([Reply])
        case null

        var description: String {
            switch self {
            case .text(let text), .error(let text): text
            case .integer(let number): "\(number)"
            case .bytes(let bytes): String(decoding: bytes.prefix(100), as: UTF8.self)
            case .array(let replies): "\(replies)"
            case .null: "null"
            }
        }
    }

    private let peer: Peer
    private var input: [UInt8] = []
    /// What has been read of it.
    private var position = 0

    init(_ address: ServerAddress) throws { peer = try Peer(address) }

    /// Sends a command and returns its reply; throws a `StoreError` if that is an error.
    @discardableResult
    func ask(_ words: String...) throws -> Reply { try ask(words.map { Array($0.utf8) }) }

    @discardableResult
    func ask(_ words: [[UInt8]]) throws -> Reply {
        try send(words)
        let reply = try receive()
        if case .error(let text) = reply { throw StoreError(text) }
        return reply
    }

    func send(_ words: [[UInt8]]) throws {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + [13, 10] }
        try peer.send(bytes)
    }

    /// Runs commands in one transaction. nil: a watched key has changed.
    func transaction(_ commands: [[[UInt8]]]) throws -> [Reply]? {
        try ask("MULTI")
        for command in commands { try ask(command) }
        switch try ask("EXEC") {
        case .array(let replies): return replies
        case .null: return nil
        case let reply: throw Failure("EXEC: \(reply)")
        }
    }

    // MARK: Replies

    func receive() throws -> Reply {
        let line = try line()
        let text = String(decoding: line.dropFirst(), as: UTF8.self)
        guard let kind = line.first else { throw Failure("an empty line") }
        switch kind {
        case UInt8(ascii: "+"): return .text(text)
        case UInt8(ascii: "-"): return .error(text)
        case UInt8(ascii: ":"): return .integer(try number(text))
        case UInt8(ascii: "$"):
            let count = try number(text)
            return count < 0 ? .null : .bytes(try take(count + 2).dropLast(2))
        case UInt8(ascii: "*"):
            let count = try number(text)
            return count < 0 ? .null : .array(try (0..<count).map { _ in try receive() })
        default: throw Failure("not a reply: \(String(decoding: line, as: UTF8.self))")
        }
    }

    private func number(_ text: String) throws -> Int {
        guard let number = Int(text) else { throw Failure("not a number: \(text)") }
        return number
    }

    private func line() throws -> [UInt8] {
        while true {
            if let end = input[position...].firstIndex(of: 13), end + 1 < input.count {
                defer { position = end + 2 }
                return Array(input[position..<end])
            }
            try receiveMore()
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while input.count - position < count { try receiveMore() }
        defer { position += count }
        return Array(input[position..<position + count])
    }

    private func receiveMore() throws {
        if position > 0 { (input, position) = (Array(input[position...]), 0) }
        let some = try peer.receiveSome()
        guard !some.isEmpty else { throw Failure("the stream ended") }
        input += some
    }
}

extension RESPStoreClient: StoreClient {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    func get(_ key: [UInt8]) throws -> [UInt8]? { try value(ask([bytes("GET"), key])) }

    func set(_ key: [UInt8], _ value: [UInt8], milliseconds: Int) throws {
        let expiry = milliseconds > 0 ? [bytes("PX"), bytes("\(milliseconds)")] : []
        try expect(ask([bytes("SET"), key, value] + expiry), .text("OK"))
    }

    func remove(_ key: [UInt8]) throws -> Bool { try ask([bytes("DEL"), key]) == .integer(1) }

    func set(_ pair: Pair, _ value: [UInt8]) throws {
        try expect(ask([bytes("MSET")] + pair.keys.flatMap { [$0, value] }), .text("OK"))
    }

    func get(_ pair: Pair) throws -> [[UInt8]?] {
        guard case .array(let replies) = try ask([bytes("MGET")] + pair.keys) else { throw Failure("MGET: no array") }
        return try replies.map(value)
    }

    func replace(_ key: [UInt8], _ change: ([UInt8]?) -> [UInt8]) throws -> Bool {
        try ask([bytes("WATCH"), key])
        return try transaction([[bytes("SET"), key, change(try get(key))]]) != nil
    }

    private func value(_ reply: Reply) throws -> [UInt8]? {
        switch reply {
        case .bytes(let bytes): return bytes
        case .null: return nil
        default: throw Failure("expected a value, found \(reply)")
        }
    }

    private func expect(_ found: Reply, _ expected: Reply) throws {
        guard found == expected else { throw Failure("expected \(expected), found \(found)") }
    }
}
