import KeyValueStore
import MartletKit

/// The metrics of an instance.
struct RESPMetrics: Sendable {
    let commands: Metric<RESP>
    let protocolErrors: Metric<RESP>
    let expired: Metric<RESP>
    private let keys: Metric<RESP>
    private let bytes: Metric<RESP>

    init(_ host: Host<RESP>) {
        commands = host.counter("commands_total", help: "Commands received, valid or not")
        protocolErrors = host.counter(
            "protocol_errors_total", help: "Connections closed because they broke the protocol")
        expired = host.counter("expired_keys_total", help: "Keys removed by the search for expired ones")
        keys = host.gauge("store_keys", help: "Keys in memory, with those that have expired and were not removed yet")
        bytes = host.gauge("store_bytes", help: "Memory of keys and values, including the overhead of each key")
    }

    /// Adds a change instead of setting a total, because changes come from all loops, and from two instances while one
    /// replaces the other.
    func add(_ change: StoreChange) {
        if change.keys != 0 { keys.add(Int64(change.keys)) }
        if change.bytes != 0 { bytes.add(Int64(change.bytes)) }
    }
}
