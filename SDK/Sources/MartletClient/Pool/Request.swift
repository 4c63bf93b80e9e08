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
    case read(key: [UInt8])
    case write(Write)
    case batch([Write])
    case watch(WatchKind, [UInt8])

    var name: String {
        switch self {
        case .connect: "connect"
        case .ping: "ping"
        case .echo: "echo"
        case .get: "get"
        case .put: "put"
        case .delete: "delete"
        case .scan: "scan"
        case .read: "read"
        case .write: "write"
        case .batch: "batch"
        case .watch: "watch"
        }
    }

    /// Executing it twice does the same as executing it once. A watch ends with its connection, so a lost one does no harm.
    var isIdempotent: Bool {
        switch self {
        case .connect, .ping, .echo, .get, .scan, .read, .watch: true
        case .put, .delete, .write, .batch: false
        }
    }
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
        case .read(let key): try read(key: key)
        case .write(let write): try self.write(write)
        case .batch(let writes): try batch(writes)
        case .watch(let kind, let name): try watch(kind, name)
        }
    }
}
