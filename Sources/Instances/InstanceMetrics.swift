import Synchronization
import Telemetry

/// The metrics that an instance has registered, by their place. `create` adds them on one thread; any thread reads them without a lock, and
/// without changing their reference counts, which all event loops would write to. The registry keeps them.
struct InstanceMetrics: ~Copyable, @unchecked Sendable {
    private let places = UnsafeMutablePointer<Unmanaged<Metric>>.allocate(capacity: MetricRegistry.limit)
    private let published = Atomic<Int>(0)

    deinit { places.deallocate() }

    /// Calls must not overlap.
    ///
    /// - Returns: the place of the metric.
    func add(_ metric: Metric) -> Int {
        let count = published.load(ordering: .relaxed)
        let known = (0..<count).first { places[$0].toOpaque() == Unmanaged.passUnretained(metric).toOpaque() }
        if let known { return known }
        precondition(count < MetricRegistry.limit, "a registry has no more metrics")
        (places + count).initialize(to: .passUnretained(metric))
        published.store(count + 1, ordering: .releasing)
        return count
    }

    /// nil: there is no such place.
    subscript(place: Int) -> Unmanaged<Metric>? {
        place >= 0 && place < published.load(ordering: .acquiring) ? places[place] : nil
    }
}
