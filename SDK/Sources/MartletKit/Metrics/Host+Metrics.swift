import CMartlet

/// Registering metrics, under the plugin's name: `cache_hits_total` of the plugin `http` is `http_cache_hits_total`. The same name gives the
/// same metric, also across generations. In `Plugin.init` only. [control]
///
/// If the host refuses a metric (a bad name, a name in use for another metric, too many metrics), the log says so, and updates are ignored.
extension Host {
    /// Registers a metric that only grows, such as `cache_hits_total`. [control]
    public func counter(_ name: String, help: String) -> Metric<P> { register(MARTLET_METRIC_COUNTER, name, help) }

    /// Registers a metric that goes up and down, such as `open_files`. [control]
    public func gauge(_ name: String, help: String) -> Metric<P> { register(MARTLET_METRIC_GAUGE, name, help) }

    /// Registers a metric that only grows, with a number for each combination of values of its labels. A host without
    /// `martlet.metrics/1` ignores its updates. [control]
    ///
    /// - Parameters:
    ///   - name: such as `answers_total`.
    ///   - help: one line.
    ///   - labels: their names: letters, digits and `_`; at most 8. The host uses `listener`, `other` and `le` itself.
    public func counter(_ name: String, help: String, labels: [String]) -> LabelledMetric<P> {
        LabelledMetric(self, declare(MARTLET_METRIC_COUNTER, name, help, labels))
    }

    /// Registers a metric that goes up and down, with a number for each combination of values of its labels. A host without
    /// `martlet.metrics/1` ignores its updates. [control]
    ///
    /// - Parameters:
    ///   - name: such as `open_files`.
    ///   - help: one line.
    ///   - labels: their names: letters, digits and `_`; at most 8. The host uses `listener`, `other` and `le` itself.
    public func gauge(_ name: String, help: String, labels: [String]) -> LabelledMetric<P> {
        LabelledMetric(self, declare(MARTLET_METRIC_GAUGE, name, help, labels))
    }

    /// Registers a histogram of numbers, such as `answer_bytes`. A host without `martlet.metrics/1` ignores its updates. [control]
    ///
    /// - Parameters:
    ///   - name: such as `answer_bytes`.
    ///   - help: one line.
    ///   - bounds: the upper bounds of its buckets, ascending, 1 to 64; the host adds a bucket without a bound.
    public func histogram(_ name: String, help: String, bounds: [UInt64]) -> Histogram<P> {
        Histogram(self, declare(MARTLET_METRIC_HISTOGRAM, name, help, [], bounds))
    }

    /// Registers a histogram of times, such as `answer_seconds`, which is shown in seconds. A host without `martlet.metrics/1` ignores its
    /// updates. [control]
    ///
    /// - Parameters:
    ///   - name: such as `answer_seconds`.
    ///   - help: one line.
    ///   - bounds: the upper bounds of its buckets, ascending, 1 to 64; the host adds a bucket without a bound.
    public func histogram(_ name: String, help: String, bounds: [Duration]) -> Histogram<P> {
        Histogram(
            self,
            declare(MARTLET_METRIC_HISTOGRAM, name, help, [], bounds.map(\.observedNanoseconds), 1_000_000_000))
    }

    /// Registers a histogram of numbers for each combination of values of its labels. A host without `martlet.metrics/1` ignores its
    /// updates. [control]
    ///
    /// - Parameters:
    ///   - name: such as `answer_bytes`.
    ///   - help: one line.
    ///   - labels: their names: letters, digits and `_`; at most 8. The host uses `listener`, `other` and `le` itself.
    ///   - bounds: the upper bounds of its buckets, ascending, 1 to 64; the host adds a bucket without a bound.
    public func histogram(
        _ name: String, help: String, labels: [String], bounds: [UInt64]
    ) -> LabelledHistogram<P> {
        LabelledHistogram(self, declare(MARTLET_METRIC_HISTOGRAM, name, help, labels, bounds))
    }

    /// Registers a histogram of times for each combination of values of its labels. It is shown in seconds. A host without
    /// `martlet.metrics/1` ignores its updates. [control]
    ///
    /// - Parameters:
    ///   - name: such as `answer_seconds`.
    ///   - help: one line.
    ///   - labels: their names: letters, digits and `_`; at most 8. The host uses `listener`, `other` and `le` itself.
    ///   - bounds: the upper bounds of its buckets, ascending, 1 to 64; the host adds a bucket without a bound.
    public func histogram(
        _ name: String, help: String, labels: [String], bounds: [Duration]
    ) -> LabelledHistogram<P> {
        LabelledHistogram(
            self,
            declare(MARTLET_METRIC_HISTOGRAM, name, help, labels, bounds.map(\.observedNanoseconds), 1_000_000_000))
    }

    private func register(_ kind: martlet_metric_kind, _ name: String, _ help: String) -> Metric<P> {
        let id = withText(name) { name in
            withText(help) { table.pointee.metric_register(instance, kind, name, $0) }
        }
        if id < 0 { error("metric \(name): not registered (\(HostResult(rawValue: id)))") }
        return Metric(host: self, id: id)
    }

    private func declare(
        _ kind: martlet_metric_kind, _ name: String, _ help: String, _ labels: [String], _ bounds: [UInt64] = [],
        _ divisor: UInt64 = 1
    ) -> DeclaredMetric {
        guard let functions = metricFunctions else {
            warning("metric \(name): not registered, because this host has no \(MARTLET_METRICS)")
            return DeclaredMetric(functions: nil, id: MARTLET_ERROR_UNSUPPORTED)
        }
        var description = martlet_metric_description()
        description.size = UInt32(MemoryLayout<martlet_metric_description>.size)
        description.kind = kind
        description.divisor = divisor
        let id = withTexts([name, help] + labels) { texts in
            bounds.withUnsafeBufferPointer { bounds in
                description.name = texts[0]
                description.help = texts[1]
                description.labels = texts.baseAddress.map { $0 + 2 }
                description.label_count = labels.count
                description.bounds = bounds.baseAddress
                description.bound_count = bounds.count
                return functions.pointee.declare(instance, &description)
            }
        }
        // The host has logged why an argument is bad.
        if id < 0, id != MARTLET_ERROR_ARGUMENT {
            error("metric \(name): not registered (\(HostResult(rawValue: id)))")
        }
        return DeclaredMetric(functions: functions, id: id)
    }

    private var metricFunctions: UnsafePointer<martlet_metrics>? {
        self.extension(MARTLET_METRICS)?.assumingMemoryBound(to: martlet_metrics.self)
    }
}

/// The answer of `declare`.
struct DeclaredMetric {
    /// nil: the host does not have the extension.
    let functions: UnsafePointer<martlet_metrics>?
    let id: martlet_metric

    /// The series with these values; below 0: there is none.
    func series<P>(_ values: [String], of host: Host<P>) -> martlet_metric {
        guard let functions, id >= 0 else { return id }
        return withTexts(values) { texts in
            guard let first = texts.baseAddress else { return MARTLET_ERROR_ARGUMENT }
            return functions.pointee.series(host.instance, id, first, texts.count)
        }
    }
}

extension Duration {
    /// A negative duration counts as 0, and the longest has 584 years.
    @inlinable
    var observedNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carries) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return isTooLong || carries ? .max : sum
    }
}

/// The texts are valid until the body returns.
private func withTexts<Result>(_ texts: [String], _ body: (UnsafeBufferPointer<martlet_text>) -> Result) -> Result {
    let bytes = texts.flatMap(\.utf8)
    return bytes.withUnsafeBytes { bytes in
        var (offset, parts) = (0, [martlet_text]())
        for text in texts {
            let first = bytes.baseAddress.map { $0 + offset }
            let length = text.utf8.count
            parts.append(martlet_text(data: first?.assumingMemoryBound(to: CChar.self), length: length))
            offset += length
        }
        return parts.withUnsafeBufferPointer(body)
    }
}
