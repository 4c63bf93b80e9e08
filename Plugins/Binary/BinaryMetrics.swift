import KeyValueStore
import MartletKit

/// The metrics of an instance.
struct BinaryMetrics: Sendable {
    let frames: Metric<Binary>
    let protocolErrors: Metric<Binary>
    let store: StoreMetrics<Binary>

    init(_ host: Host<Binary>) {
        frames = host.counter("frames_total", help: "Frames received, valid or not")
        protocolErrors = host.counter(
            "protocol_errors_total", help: "Frames or streams refused because they break the protocol")
        store = StoreMetrics(host, keys: "Keys in the store")
    }
}
