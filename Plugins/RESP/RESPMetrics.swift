import KeyValueStore
import MartletKit

/// The metrics of an instance.
struct RESPMetrics: Sendable {
    let commands: Metric<RESP>
    let protocolErrors: Metric<RESP>
    let expired: Metric<RESP>
    let store: StoreMetrics<RESP>

    init(_ host: Host<RESP>) {
        commands = host.counter("commands_total", help: "Commands received, valid or not")
        protocolErrors = host.counter(
            "protocol_errors_total", help: "Connections closed because they broke the protocol")
        expired = host.counter("expired_keys_total", help: "Keys removed by the search for expired ones")
        store = StoreMetrics(host, keys: "Keys in memory, with those that have expired and were not removed yet")
    }
}
