import BinaryWire
import KeyValueStore
import MartletKit

/// Requests of one connection that came together, with a copy of the input that they index.
struct StoredRequests: Sendable {
    struct One: Sendable {
        let request: ServerRequest
        let id: UInt32
    }

    private(set) var all: [One] = []
    /// None of them writes.
    private(set) var isQuery = true
    /// Each is one statement.
    private(set) var isSimple = true
    /// The input, up to the end of the last one.
    var bytes: [UInt8] = []

    /// What is run in one transaction at most: others wait for it. Each is one command, of which the host takes 1,024.
    private static let limit = 500
    /// What one transaction reads, more or less: the rest is run when that is sent.
    static let pieceBytes = 1 << 20
    private var gets = 0

    var isEmpty: Bool { all.isEmpty }
    var isFull: Bool { all.count == Self.limit }

    mutating func add(_ request: ServerRequest, id: UInt32) {
        all.append(One(request: request, id: id))
        switch request {
        case .get:
            gets += 1
            // Nobody knows how large the values are.
            if gets > 4 { isSimple = false }
        case .read, .scan: isSimple = false
        case .put, .delete: isQuery = false
        default: (isSimple, isQuery) = (false, false)
        }
    }

    /// Without those that have been answered.
    func dropFirst(_ count: Int) -> StoredRequests {
        var rest = StoredRequests()
        rest.bytes = bytes
        for one in all.dropFirst(count) { rest.add(one.request, id: one.id) }
        return rest
    }

    func array(_ range: Range<Int>) -> [UInt8] { Array(bytes[range]) }

    /// Of its key, for the log of requests. Without a copy.
    func withKey<Result>(of one: One, _ body: (Span<UInt8>) -> Result) -> Result {
        body(bytes.span.extracting(one.request.key ?? 0..<0))
    }
}

extension ServerRequest {
    /// It needs the keys.
    var isAboutKeys: Bool {
        switch self {
        case .get, .put, .delete, .scan, .read, .write, .batch: true
        case .ping, .echo, .watch, .unwatch, .authenticate: false
        }
    }

    /// The key, for the log of requests.
    var key: Range<Int>? {
        switch self {
        case .get(let key), .delete(let key), .read(let key): key
        case .put(let put): put.key
        case .write(let write): write.key
        case .scan(let scan): scan.prefix
        default: nil
        }
    }

    var opcode: Opcode {
        switch self {
        case .ping: .ping
        case .authenticate: .authenticate
        case .echo: .echo
        case .get: .get
        case .put: .put
        case .delete: .delete
        case .scan: .scan
        case .read: .read
        case .write: .write
        case .batch: .batch
        case .watch: .watch
        case .unwatch: .unwatch
        }
    }
}

/// What a database has found or done for a request. `BinarySession` makes the frame of it.
enum StoredResult: Sendable {
    /// nil: there is no such key.
    case value(StoredEntry?)
    case page(StoredKeys.Page)
    /// With what those are told who watch the key of the request.
    case changedOne(StoreResult, StoreEvent?)
    /// With what those who watch keys are told.
    case changed(StoreResult, [StoredChange])
}

extension StoredResult {
    /// Of its values.
    var byteCount: Int {
        switch self {
        case .value(let entry): entry?.value.count ?? 0
        case .page(let page): page.entries.reduce(0) { $0 + $1.value.count }
        case .changedOne, .changed: 0
        }
    }
}

/// Requests that wait until there is room for their answers.
final class UnsentRequests {
    let requests: StoredRequests

    init(_ requests: StoredRequests) { self.requests = requests }
}

struct StoredEntry: Sendable {
    let value: [UInt8]
    var version: UInt64 = 0
    /// Milliseconds since 1970; 0: never.
    var deadline: Int64 = 0
}

struct StoredChange: Sendable {
    let key: [UInt8]
    let event: StoreEvent
}
