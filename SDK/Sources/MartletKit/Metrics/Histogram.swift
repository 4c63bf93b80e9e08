import CMartlet

/// A histogram: how many values were in which range. Keep the value in the plugin.
@frozen
public struct Histogram<P: Plugin>: @unchecked Sendable {
    @usableFromInline let host: Host<P>
    @usableFromInline let functions: UnsafePointer<martlet_metrics>?
    @usableFromInline let id: martlet_metric

    init(_ host: Host<P>, _ metric: DeclaredMetric) {
        self.host = host
        functions = metric.id < 0 ? nil : metric.functions
        id = metric.id
    }

    /// Counts a value, in the unit of the bounds: of a histogram of times, nanoseconds. A negative value counts as 0. Takes no lock and
    /// does not allocate. [any]
    @inlinable
    public func observe(_ value: some BinaryInteger) {
        if let functions { _ = functions.pointee.observe(host.instance, id, UInt64(clamping: value)) }
    }

    /// Counts a time in a histogram of times. Takes no lock and does not allocate. [any]
    @inlinable
    public func observe(_ time: Duration) { observe(time.observedNanoseconds) }
}

/// A histogram for each combination of values of its labels. Keep the value in the plugin.
///
/// The listener's `limits.metric_series` bounds the number of series, as for a ``LabelledMetric``.
public struct LabelledHistogram<P: Plugin>: @unchecked Sendable {
    private let host: Host<P>
    private let metric: DeclaredMetric

    init(_ host: Host<P>, _ metric: DeclaredMetric) {
        self.host = host
        self.metric = metric
    }

    /// The series with these values, as many as the metric has labels, in their order; with another number updates are ignored.
    ///
    /// Takes a lock: keep the series, in the plugin or the loop state, if there are few of them. [any]
    public func series(_ values: String...) -> Histogram<P> {
        Histogram(host, DeclaredMetric(functions: metric.functions, id: metric.series(values, of: host)))
    }
}
