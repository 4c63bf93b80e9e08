import MartletKitTesting

@testable import BinaryWire

/// A client of the protocol on a simulated connection.
final class Client {
    let connection: SimulatedConnection
    private let host: SimulatedHost
    private(set) var session: ClientSession
    private var unread: [UInt8] = []
    var split = InputSplit.whole

    /// - Parameter greets: whether to send the hello at once and read its answer.
    init(
        _ host: SimulatedHost, loop: Int = 0, maximumPayload: Int = 1_052_672, readsAtOnce: Bool = true,
        greets: Bool = true
    ) {
        self.host = host
        connection = host.connect(loop: loop, readsAtOnce: readsAtOnce)
        session = ClientSession(name: "test", maximumPayload: UInt32(maximumPayload))
        guard greets else { return }
        _ = ask { try $0.hello() }
    }

    func bytes(_ make: (inout ClientSession) throws -> ClientRequest) -> [UInt8] {
        (try? make(&session).bytes) ?? []
    }

    /// Sends one request and returns all replies of the server.
    func ask(_ make: (inout ClientSession) throws -> ClientRequest) -> [Reply] {
        connection.send(bytes(make), split: split)
        return replies()
    }

    func ping(_ payload: [UInt8] = []) -> [Reply] { ask { try $0.ping(payload) } }
    func echo(_ payload: [UInt8]) -> [Reply] { ask { try $0.echo(payload) } }
    func get(_ key: String) -> [Reply] { ask { try $0.get(key: utf8(key)) } }
    func put(_ key: String, _ value: String) -> [Reply] { ask { try $0.put(key: utf8(key), value: utf8(value)) } }
    func delete(_ key: String) -> [Reply] { ask { try $0.delete(key: utf8(key)) } }
    func scan(_ prefix: String = "", after: String = "", limit: Int = 100) -> [Reply] {
        ask { try $0.scan(prefix: utf8(prefix), startAfter: utf8(after), limit: limit) }
    }

    func read(_ key: String) -> [Reply] { ask { try $0.read(key: utf8(key)) } }
    func write(_ write: Write) -> [Reply] { ask { try $0.write(write) } }
    func batch(_ writes: Write...) -> [Reply] { ask { try $0.batch(writes) } }
    func unwatch(_ number: UInt32) -> [Reply] { ask { try $0.unwatch(number) } }
    /// Returns the number of the watch; 0: refused.
    func watch(_ kind: WatchKind, _ name: String) -> UInt32 {
        guard case .watch(let number) = ask({ try $0.watch(kind, utf8(name)) }).first else { return 0 }
        return number
    }

    /// The version of a key; 0: there is no such key.
    func version(_ key: String) -> UInt64 {
        guard case .read(_, let version, _) = read(key).first else { return 0 }
        return version
    }

    func send(_ bytes: [UInt8]) -> [Reply] {
        connection.send(bytes, split: split)
        return replies()
    }

    /// The replies that have arrived since the last call.
    func replies() -> [Reply] {
        // What was run may have sent notices.
        while host.runWork() > 0 {}
        unread += connection.takeOutput()
        var replies: [Reply] = []
        var start = 0
        while true {
            let step = session.next(in: unread.span.bytes, from: start, nowMilliseconds: 0)
            guard let reply = Reply(step.event, in: unread.span.bytes) else { break }
            replies.append(reply)
            start += step.consumed
        }
        unread.removeFirst(start)
        return replies
    }
}

/// Where keys can be: in memory, or in a database.
let stores = ["memory", "main"]

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
