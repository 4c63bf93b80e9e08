import BinaryWire
import KeyValueStore
import MartletKit

/// The Martlet binary protocol, version 1 (docs/binary-protocol.md): echo and a key-value store, with
/// versions, expiry and notices of changes, heartbeats and an orderly goodbye.
///
/// The store in memory belongs to the instance: all connections of all event loops share it. It moves to the next generation with them. A
/// store in a database may be shared with other servers.
struct Binary: Plugin {
    static let manifest = Manifest(
        name: "binary", version: "1.0.0",
        summary: "Martlet binary protocol: echo and a key-value store, in memory or in a database",
        example: "martlet binary ping {host}:{port}", options: BinaryOptions.schema, operations: operations,
        requires: [.loops, .groups])

    let options: BinaryOptions
    let metrics: BinaryMetrics
    private let store: SharedStore
    /// The same, for `withStore`.
    fileprivate let unmanagedStore: Unmanaged<SharedStore>
    /// Clients must log in as one of the listener's users.
    let requiresUsers: Bool
    /// What the connections watch.
    let watches: Watches
    /// nil: the keys are in memory.
    let stored: StoredStore?

    init(options: Options, host: Host<Binary>) throws(OptionError) {
        self.options = try BinaryOptions(options)
        requiresUsers = host.requiresUsers
        let metrics = BinaryMetrics(host)
        self.metrics = metrics
        store = SharedStore(maximumBytes: self.options.maximumStoreBytes) { metrics.store.add($0) }
        unmanagedStore = .passUnretained(store)
        watches = Watches(host) { metrics.watches.add(Int64($0)) }
        if let name = self.options.store {
            let table = try StoreTable(host, database: name, table: StoredStore.tableName, order: .keys)
            stored = StoredStore(table, self.options, watches, metrics)
        } else {
            stored = nil
        }
        for loop in 0..<host.loopCount {
            host.every(.milliseconds(LoopClock.sweepMilliseconds), onLoop: loop) { $0.plugin.tick(&$0.loop) }
        }
    }

    /// Removes expired keys, a bounded number at a time; each loop does a part. Then repeats what could not be sent.
    private func tick(_ clock: inout LoopClock) {
        watches.reportLosses()
        guard let now = clock.nextTick() else { return }
        if let stored { return stored.sweep(now) }
        let removed = store.sweep(atMost: LoopClock.keysOfSweep, now: now)
        if removed > 0 { metrics.expired.add(Int64(removed)) }
    }

    func makeLoopState(loop: Int) -> LoopClock { LoopClock() }

    /// For operations.
    func withStore<Result>(_ body: (SharedStore) -> Result) -> Result { body(store) }

    typealias Session = BinarySession
}

extension Connection<Binary> {
    /// Uses the store without changing its reference count: all event loops would write to that cache line. This is safe
    /// because the instance outlives every callback. Not a function of the plugin: its caller would copy the whole plugin, and count.
    @inline(__always)
    func withStore<Result>(_ body: (SharedStore) -> Result) -> Result {
        plugin.unmanagedStore._withUnsafeGuaranteedRef(body)
    }
}

extension Binary: StatefulPlugin {
    /// In version 1 keys had no versions and did not expire. The pieces say which of the two they are.
    static let stateSchema = StateSchema("binary.store", version: 2, restores: 1...2)

    func save(into state: inout SavedPieces) throws(StateError) { try store.save(into: &state) }

    func restore(_ piece: RawSpan, version: UInt32) throws(StateError) { try store.restore(piece) }

    func finishRestoring() throws(StateError) { try store.endRestoring() }

    /// The memory of a second copy is free at once, and not with the last delivery of this instance.
    func stateMoved() { store.access.removeAll() }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Binary.self) }
