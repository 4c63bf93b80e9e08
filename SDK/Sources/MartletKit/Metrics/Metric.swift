import CMartlet

/// A metric of an instance, or a series of a metric with labels. Keep the value in the plugin.
@frozen
public struct Metric<P: Plugin>: Sendable {
    @usableFromInline let host: Host<P>
    /// Below 0: the host has refused the metric.
    @usableFromInline let id: martlet_metric

    @usableFromInline
    init(host: Host<P>, id: martlet_metric) {
        self.host = host
        self.id = id
    }

    /// Adds to the metric; a counter ignores a negative amount. [any]
    @inlinable
    public func add(_ amount: Int64 = 1) {
        if id >= 0 { _ = host.table.pointee.metric_add(host.instance, id, amount) }
    }

    /// Sets a gauge; a counter ignores it. [any]
    @inlinable
    public func set(_ value: Int64) {
        if id >= 0 { _ = host.table.pointee.metric_set(host.instance, id, value) }
    }
}

/// A metric with labels: it has a number for each combination of their values. Keep the value in the plugin.
///
/// The listener's `limits.metric_series` bounds the number of series. What is beyond it, and a value of more than 256 bytes, is counted in
/// one more series, which has the label `other="true"` instead of those of the metric.
public struct LabelledMetric<P: Plugin>: @unchecked Sendable {
    private let host: Host<P>
    private let metric: DeclaredMetric

    init(_ host: Host<P>, _ metric: DeclaredMetric) {
        self.host = host
        self.metric = metric
    }

    /// The series with these values, as many as the metric has labels, in their order; with another number updates are ignored.
    ///
    /// Takes a lock: keep the series, in the plugin or the loop state, if there are few of them. [any]
    public func series(_ values: String...) -> Metric<P> {
        Metric(host: host, id: metric.series(values, of: host))
    }
}
