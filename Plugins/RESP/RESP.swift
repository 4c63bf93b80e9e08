import KeyValueStore
import MartletKit
import RESPWire

/// Keys and values for the clients of Redis: RESP2 and RESP3 (https://redis.io/docs/latest/develop/reference/protocol-spec)
/// with the commands of docs/resp.md.
///
/// The data in memory belongs to the instance: all connections of all event loops share it. In a database other servers may share it too.
struct RESP: Plugin {
    static let manifest = Manifest(
        name: "resp", version: "1.0.0",
        summary: "Keys and values for clients of Redis (RESP2 and RESP3), in memory or in a database",
        example: "redis-cli -h {host} -p {port} ping", options: RESPOptions.schema, requires: [.loops, .groups])

    let options: RESPOptions
    let metrics: RESPMetrics
    let host: Host<RESP>
    /// Clients must log in as one of the listener's users.
    let requiresUsers: Bool
    /// nil: they are in memory.
    let keys: StoredCommands?
    private let database: Database
    /// The same, for `withDatabase`.
    private let unmanagedDatabase: Unmanaged<Database>

    init(options: Options, host: Host<RESP>) throws(OptionError) {
        self.options = try RESPOptions(options)
        self.host = host
        requiresUsers = host.requiresUsers
        guard !requiresUsers || self.options.password.isEmpty else {
            throw OptionError(
                options.pathOf("password"),
                "expected no password, because the listener has users, or a listener without the key users")
        }
        let metrics = RESPMetrics(host)
        self.metrics = metrics
        keys =
            if let store = self.options.store {
                StoredCommands(
                    try StoreTable(host, database: store, table: "martlet_resp", order: .numbers), self.options)
            } else {
                nil
            }
        database = Database(maximumBytes: self.options.maximumStoreBytes) { metrics.store.add($0) }
        unmanagedDatabase = .passUnretained(database)
        for loop in 0..<host.loopCount {
            host.every(.milliseconds(LoopClock.sweepMilliseconds), onLoop: loop) { $0.plugin.sweep(&$0.loop) }
        }
    }

    /// Removes expired keys, a bounded number at a time. Each loop does a part.
    private func sweep(_ clock: inout LoopClock) {
        guard let now = clock.nextTick() else { return }
        if let keys { return keys.sweep(now, metrics) }
        let removed = database.store.sweep(atMost: LoopClock.keysOfSweep, now: now)
        if removed > 0 { metrics.expired.add(Int64(removed)) }
    }

    /// A client need not say who it is.
    var servesEverybody: Bool { options.password.isEmpty && !requiresUsers }

    func makeLoopState(loop: Int) -> LoopClock { LoopClock() }

    /// Uses the data without changing its reference count: all event loops would write to that cache line. This is safe because
    /// the instance outlives every callback.
    @inline(__always)
    func withDatabase<Result>(_ body: (Database) -> Result) -> Result {
        unmanagedDatabase._withUnsafeGuaranteedRef(body)
    }

    typealias Session = RESPSession
}

/// All keys move to the next generation, with their deadlines, so that a swap loses nothing.
extension RESP: StatefulPlugin {
    static let stateSchema = StateSchema("resp.keys", version: 1, restores: 1...1)

    func save(into state: inout SavedPieces) throws(StateError) { try database.store.save(into: &state) }

    func restore(_ piece: RawSpan, version: UInt32) throws(StateError) { try database.store.restore(piece) }

    func finishRestoring() throws(StateError) { try database.store.endRestoring() }

    /// Two copies of many keys would need twice the memory until the last delivery of this instance.
    func stateMoved() { database.store.access.removeAll() }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(RESP.self) }
