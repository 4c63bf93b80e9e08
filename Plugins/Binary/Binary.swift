import BinaryWire
import KeyValueStore
import MartletKit

/// The Martlet binary protocol, version 1 (docs/binary-protocol.md): echo and a key-value store in memory, with
/// heartbeats and an orderly goodbye.
///
/// The store belongs to the instance: all connections of all event loops share it. It moves to the next generation with them.
struct Binary: Plugin {
    static let manifest = Manifest(
        name: "binary", version: "1.0.0",
        summary: "Martlet binary protocol: echo and a key-value store in memory",
        example: "martlet binary ping {host}:{port}", options: BinaryOptions.schema, operations: operations)

    let options: BinaryOptions
    let metrics: BinaryMetrics
    private let store: SharedStore
    /// The same, for `withStore`.
    private let unmanagedStore: Unmanaged<SharedStore>

    init(options: Options, host: Host<Binary>) throws(OptionError) {
        self.options = try BinaryOptions(options)
        let metrics = BinaryMetrics(host)
        self.metrics = metrics
        store = SharedStore(maximumBytes: self.options.maximumStoreBytes) { metrics.store.add($0) }
        unmanagedStore = .passUnretained(store)
    }

    /// Uses the store without changing its reference count: all event loops would write to that cache line. This is safe
    /// because the instance outlives every callback.
    @inline(__always)
    func withStore<Result>(_ body: (SharedStore) -> Result) -> Result {
        unmanagedStore._withUnsafeGuaranteedRef(body)
    }

    typealias Session = BinarySession
}

extension Binary: StatefulPlugin {
    static let stateSchema = StateSchema("binary.store", version: 1, restores: 1...1)

    func save(into state: inout SavedPieces) throws(StateError) { try store.save(into: &state) }

    func restore(_ piece: RawSpan, version: UInt32) throws(StateError) { try store.restore(piece) }

    func finishRestoring() throws(StateError) { try store.endRestoring() }

    /// The memory of a second copy is free at once, and not with the last delivery of this instance.
    func stateMoved() { store.access.removeAll() }
}

@c(martlet_plugin_entry)
public func entry(hostABI: UInt32) -> UnsafeRawPointer? { exportPlugin(Binary.self) }
