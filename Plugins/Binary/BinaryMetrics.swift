import KeyValueStore
import MartletKit

/// The metrics of an instance.
struct BinaryMetrics: Sendable {
    let frames: Metric<Binary>
    let protocolErrors: Metric<Binary>
    let expired: Metric<Binary>
    let watches: Metric<Binary>
    let store: StoreMetrics<Binary>

    init(_ host: Host<Binary>) {
        frames = host.counter("frames_total", help: "Frames received, valid or not")
        protocolErrors = host.counter(
            "protocol_errors_total", help: "Frames or streams refused because they break the protocol")
        expired = host.counter("expired_keys_total", help: "Keys removed by the search for expired ones")
        watches = host.gauge("watches", help: "Keys and prefixes that clients watch, each once for each client")
        store = StoreMetrics(host, keys: "Keys in the store, with those that have expired and were not removed yet")
    }
}
