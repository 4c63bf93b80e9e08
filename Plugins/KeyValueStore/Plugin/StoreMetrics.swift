import MartletKit

/// The gauges of a plugin's store: `store_keys` and `store_bytes`.
package struct StoreMetrics<P: Plugin>: Sendable {
    private let keys: Metric<P>
    private let bytes: Metric<P>

    /// In `Plugin.init` only.
    ///
    /// - Parameter help: what the keys are.
    package init(_ host: Host<P>, keys help: String) {
        keys = host.gauge("store_keys", help: help)
        bytes = host.gauge("store_bytes", help: "Memory of keys and values, including the overhead of each key")
    }

    /// Adds a change instead of setting a total, because changes come from all loops, and from two instances while one
    /// replaces the other.
    package func add(_ change: StoreChange) {
        if change.keys != 0 { keys.add(Int64(change.keys)) }
        if change.bytes != 0 { bytes.add(Int64(change.bytes)) }
    }
}
