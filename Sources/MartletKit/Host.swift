import CMartlet

/// Services of the host for an instance, from any thread.
@frozen
public struct Host<P: Plugin>: @unchecked Sendable {
    @usableFromInline let table: UnsafePointer<martlet_host>
    @usableFromInline let instance: OpaquePointer

    @inlinable
    init(table: UnsafePointer<martlet_host>, instance: OpaquePointer) {
        self.table = table
        self.instance = instance
    }

    /// The host's version.
    public var version: String { String(table.pointee.version) }

    // MARK: Metrics

    /// Registers a metric that only grows, under the plugin's name. In `init` only.
    public func counter(_ name: String, help: String) -> Metric<P> { register(MARTLET_METRIC_COUNTER, name, help) }

    /// Registers a metric that goes up and down. In `init` only.
    public func gauge(_ name: String, help: String) -> Metric<P> { register(MARTLET_METRIC_GAUGE, name, help) }

    private func register(_ kind: martlet_metric_kind, _ name: String, _ help: String) -> Metric<P> {
        let id = withText(name) { name in
            withText(help) { table.pointee.metric_register(instance, kind, name, $0) }
        }
        return Metric(host: self, id: id)
    }

    // MARK: Work

    /// Runs `work` on a worker, then `done` on the loop of the connection: with nil for the connection when that is gone.
    /// `busy` or `stopping`: neither will be called.
    public func submit<Answer: Sendable>(
        for connection: ConnectionID = .none, work: @escaping @Sendable () -> Answer,
        done: @escaping @Sendable (Answer, SessionAccess<P>?) -> Void
    ) -> HostResult {
        let job = Unmanaged.passRetained(WorkJob<P, Answer>(work: work, done: done) as Job)
        let result = HostResult(
            rawValue: table.pointee.submit(
                instance, connection.rawValue, Job.work, Job.delivery, job.toOpaque()))
        if !result.isAccepted { job.release() }
        return result
    }

    /// Runs `delivery` on the loop of a connection, with nil when that is gone.
    public func post(
        to connection: ConnectionID, _ delivery: @escaping @Sendable (SessionAccess<P>?) -> Void
    ) -> HostResult {
        let job = Unmanaged.passRetained(DeliveryJob<P>(delivery) as Job)
        let result = HostResult(
            rawValue: table.pointee.post(instance, connection.rawValue, Job.delivery, job.toOpaque()))
        if !result.isAccepted { job.release() }
        return result
    }

    // MARK: Extensions

    /// A struct of host functions by its id, for the life of the process.
    public func `extension`(_ id: String) -> UnsafeRawPointer? {
        withText(id) { table.pointee.extension(instance, $0) }
    }
}

/// A metric of an instance, updated from any thread.
@frozen
public struct Metric<P: Plugin>: Sendable {
    @usableFromInline let host: Host<P>
    @usableFromInline let id: martlet_metric

    @usableFromInline
    init(host: Host<P>, id: martlet_metric) {
        self.host = host
        self.id = id
    }

    @inlinable
    public func add(_ amount: Int64 = 1) { _ = host.table.pointee.metric_add(host.instance, id, amount) }

    @inlinable
    public func set(_ value: Int64) { _ = host.table.pointee.metric_set(host.instance, id, value) }
}

func withText<Result>(_ text: String, _ body: (martlet_text) -> Result) -> Result {
    var text = text
    return text.withUTF8 { bytes in
        body(
            martlet_text(
                data: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self), length: bytes.count))
    }
}
