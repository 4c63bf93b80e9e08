import KeyValueStore
import MartletKit

/// The metrics of an instance.
struct BinaryMetrics: Sendable {
    let frames: Metric<Binary>
    let protocolErrors: Metric<Binary>
    private let storeKeys: Metric<Binary>
    private let storeBytes: Metric<Binary>

    init(_ host: Host<Binary>) {
        frames = host.counter("frames_total", help: "Frames received, valid or not")
        protocolErrors = host.counter(
            "protocol_errors_total", help: "Frames or streams refused because they break the protocol")
        storeKeys = host.gauge("store_keys", help: "Keys in the store")
        storeBytes = host.gauge("store_bytes", help: "Memory of keys and values, including the overhead of each key")
    }

    /// Adds a change instead of setting a total, because changes come from all loops, and from two instances while one
    /// replaces the other.
    func add(_ change: StoreChange) {
        if change.keys != 0 { storeKeys.add(Int64(change.keys)) }
        if change.bytes != 0 { storeBytes.add(Int64(change.bytes)) }
    }
}
