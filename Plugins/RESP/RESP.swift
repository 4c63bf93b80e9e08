import KeyValueStore
import MartletKit
import RESPWire

/// Keys and values in memory for the clients of Redis: RESP2 and RESP3 (https://redis.io/docs/latest/develop/reference/protocol-spec)
/// with the commands of docs/resp.md.
///
/// The data belongs to the instance: all connections of all event loops share it.
struct RESP: Plugin {
    static let manifest = Manifest(
        name: "resp", version: "1.0.0", summary: "Keys and values in memory for clients of Redis (RESP2 and RESP3)",
        example: "redis-cli -h {host} -p {port} ping", options: RESPOptions.schema)

    let options: RESPOptions
    let metrics: RESPMetrics
    private let database: Database
    /// The same, for `withDatabase`.
    private let unmanagedDatabase: Unmanaged<Database>

    init(options: Options, host: Host<RESP>) throws(OptionError) {
        self.options = try RESPOptions(options)
        let metrics = RESPMetrics(host)
        self.metrics = metrics
        database = Database(maximumBytes: self.options.maximumStoreBytes) { metrics.add($0) }
        unmanagedDatabase = .passUnretained(database)
    }

    func makeLoopState(loop: Int) -> LoopState { LoopState() }

    /// Uses the data without changing its reference count: all event loops would write to that cache line. This is safe because
    /// the instance outlives every callback.
    @inline(__always)
    func withDatabase<Result>(_ body: (Database) -> Result) -> Result {
        unmanagedDatabase._withUnsafeGuaranteedRef(body)
    }

    /// What the sessions of one event loop share.
    struct LoopState {
        var clock = Clock()
        /// When this loop next looks for expired keys, in milliseconds since 1970.
        var nextSweep: Int64 = 0
    }

    typealias Session = RESPSession
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(RESP.self) }
