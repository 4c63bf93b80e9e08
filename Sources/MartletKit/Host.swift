import CMartlet

/// Services of the host for an instance. A value to keep in the plugin, valid until the instance is destroyed, and usable from
/// any thread.
@frozen
public struct Host<P: Plugin>: @unchecked Sendable {
    @usableFromInline let table: UnsafePointer<martlet_host>
    @usableFromInline let instance: OpaquePointer

    @inlinable
    init(table: UnsafePointer<martlet_host>, instance: OpaquePointer) {
        self.table = table
        self.instance = instance
    }

    /// The host's version, such as `0.1.0`. [any]
    public var version: String { String(table.pointee.version) }

    // MARK: Metrics

    /// Registers a metric that only grows, under the plugin's name, such as `cache_hits_total`. The same name gives the same
    /// metric, also across generations. In `Plugin.init` only. What the host does not register (a bad name, a name of the other
    /// kind, too many) is logged as an error, and updates are ignored. [control]
    public func counter(_ name: String, help: String) -> Metric<P> { register(MARTLET_METRIC_COUNTER, name, help) }

    /// Registers a metric that goes up and down, under the plugin's name. The same name gives the same metric, also across
    /// generations. In `Plugin.init` only. What the host does not register (a bad name, a name of the other kind, too many) is
    /// logged as an error, and updates are ignored. [control]
    public func gauge(_ name: String, help: String) -> Metric<P> { register(MARTLET_METRIC_GAUGE, name, help) }

    private func register(_ kind: martlet_metric_kind, _ name: String, _ help: String) -> Metric<P> {
        let id = withText(name) { name in
            withText(help) { table.pointee.metric_register(instance, kind, name, $0) }
        }
        if id < 0 { error("metric \(name): not registered (\(HostResult(rawValue: id)))") }
        return Metric(host: self, id: id)
    }

    // MARK: Work

    /// Runs `work` on a worker, where it may block, then `done` on the loop of the connection, exactly once. [any]
    ///
    /// `done` gets the answer and the session; nil for the session when the connection is closing or gone, or when none was
    /// named. A session that has moved to another generation comes back for `done`, or is nil when the versions of its state do
    /// not fit in that direction (say `.notNow` in `save` while an answer is awaited). Both closures are released after `done`.
    /// The instance is not destroyed before.
    ///
    /// - Parameters:
    ///   - connection: whose loop runs `done`; `.none`: any loop.
    ///   - work: runs on a worker. [worker]
    ///   - done: runs on the loop. [loop]
    /// - Returns: `ok`; `busy` (the queue is full, or the listener has used up its share of it, or no more completions can wait
    ///   for that loop), `stopping`, `argument` (a name that no connection can have): neither will be called then, and both are
    ///   released.
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

    /// Runs `delivery` on the loop of a connection, exactly once: with nil for the session under the conditions of
    /// `submit(for:work:done:)`. [any]
    ///
    /// - Returns: `ok`; `busy` (no more deliveries can wait for that loop), `stopping`, `argument`: it will not be called then,
    ///   and is released.
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

    /// A struct of host functions by its id, for the life of the process; nil: the host has none. [any]
    public func `extension`(_ id: String) -> UnsafeRawPointer? {
        withText(id) { table.pointee.extension(instance, $0) }
    }
}

/// A metric of an instance: a value to keep in the plugin.
@frozen
public struct Metric<P: Plugin>: Sendable {
    @usableFromInline let host: Host<P>
    @usableFromInline let id: martlet_metric

    @usableFromInline
    init(host: Host<P>, id: martlet_metric) {
        self.host = host
        self.id = id
    }

    /// Adds to it; a counter takes no negative amount. [any]
    @inlinable
    public func add(_ amount: Int64 = 1) { _ = host.table.pointee.metric_add(host.instance, id, amount) }

    /// Sets a gauge; a counter ignores it. [any]
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
