import BinaryWire

/// What a caller asks.
enum Request: Sendable {
    /// Nothing is sent: the answer is what the server said when the connection was opened.
    case connect
    case ping([UInt8])
    case echo([UInt8])
    case get(key: [UInt8])
    case put(key: [UInt8], value: [UInt8])
    case delete(key: [UInt8])
    case scan(prefix: [UInt8], after: [UInt8], limit: Int)

    var name: String {
        switch self {
        case .connect: "connect"
        case .ping: "ping"
        case .echo: "echo"
        case .get: "get"
        case .put: "put"
        case .delete: "delete"
        case .scan: "scan"
        }
    }

    /// Executing it twice does the same as executing it once.
    var isIdempotent: Bool {
        switch self {
        case .connect, .ping, .echo, .get, .scan: true
        case .put, .delete: false
        }
    }
}

/// What a server answered, with bytes of its own.
enum Reply: Sendable {
    case server(MartletClient.Server)
    case bytes([UInt8])
    case value([UInt8]?)
    case created(Bool)
    case existed(Bool)
    case page([MartletClient.Entry], more: Bool)
}

extension ClientSession {
    /// Makes the frame of a request.
    mutating func make(_ request: Request) throws(RequestRefusal) -> ClientRequest {
        switch request {
        case .connect: preconditionFailure("a connect is answered without a frame")
        case .ping(let payload): try ping(payload)
        case .echo(let payload): try echo(payload)
        case .get(let key): try get(key: key)
        case .put(let key, let value): try put(key: key, value: value)
        case .delete(let key): try delete(key: key)
        case .scan(let prefix, let after, let limit): try scan(prefix: prefix, startAfter: after, limit: limit)
        }
    }
}

extension Reply {
    /// Copies an answer out of the input. nil: the request was refused.
    init?(_ answer: Answer, in bytes: RawSpan) {
        switch answer {
        case .pong(let range), .echo(let range): self = .bytes(bytes.array(range))
        case .value(.some(let range)): self = .value(bytes.array(range))
        case .value(nil): self = .value(nil)
        case .put(let created): self = .created(created)
        case .delete(let existed): self = .existed(existed)
        case .scan(let scan):
            var entries: [MartletClient.Entry] = []
            entries.reserveCapacity(scan.count)
            var cursor = scan.entries
            while let entry = cursor.next(in: bytes) {
                entries.append(MartletClient.Entry(key: bytes.array(entry.key), value: bytes.array(entry.value)))
            }
            self = .page(entries, more: scan.more)
        case .failed: return nil
        }
    }
}
