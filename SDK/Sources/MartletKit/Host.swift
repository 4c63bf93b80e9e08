import CMartlet

/// The host's services for an instance. Keep the value in the plugin: it is valid until the instance is destroyed, and usable from
/// any thread.
@frozen
public struct Host<P: Plugin>: @unchecked Sendable {
    @usableFromInline let table: UnsafePointer<martlet_host>
    @usableFromInline let instance: OpaquePointer
    /// nil: the host lacks the extension.
    @usableFromInline let loops: UnsafePointer<martlet_loops>?
    /// nil: the host lacks the extension.
    @usableFromInline let groups: UnsafePointer<martlet_groups>?
    /// nil: the host lacks the extension.
    let checkpoints: UnsafePointer<martlet_checkpoints>?
    /// nil: the host lacks the extension.
    let transport: UnsafePointer<martlet_transport>?
    /// nil: the host lacks the extension.
    let users: UnsafePointer<martlet_users>?

    init(table: UnsafePointer<martlet_host>, instance: OpaquePointer) {
        self.table = table
        self.instance = instance
        func find(_ id: String) -> UnsafeRawPointer? { withText(id) { table.pointee.extension(instance, $0) } }
        loops = find(MARTLET_LOOPS)?.assumingMemoryBound(to: martlet_loops.self)
        groups = find(MARTLET_GROUPS)?.assumingMemoryBound(to: martlet_groups.self)
        transport = find(MARTLET_TRANSPORT)?.assumingMemoryBound(to: martlet_transport.self)
        users = find(MARTLET_USERS)?.assumingMemoryBound(to: martlet_users.self)
        checkpoints = find(MARTLET_CHECKPOINTS)?.assumingMemoryBound(to: martlet_checkpoints.self)
    }

    /// The host's version, such as `0.1.0`. [any]
    public var version: String { String(table.pointee.version) }

    // MARK: Work

    /// Runs `work` on a worker, where it may block, then `done` on the loop of the connection, exactly once. [any]
    ///
    /// `done` gets the answer and the session. The session is nil if the connection is closing or gone, or if `connection` is `.none`. A
    /// session that has moved to another generation comes back for `done`; it is nil if the versions of its state do not fit in that
    /// direction (to avoid this, return `.notNow` from `save` while an answer is pending). Both closures are released after `done`. The
    /// instance is not destroyed before.
    ///
    /// - Parameters:
    ///   - connection: the connection whose loop runs `done`; `.none`: any loop.
    ///   - work: runs on a worker. [worker]
    ///   - done: runs on the loop. [loop]
    /// - Returns: `ok`; `busy` (the queue is full, the listener has used up its share of it, or that loop has no room for another
    ///   completion), `stopping`, `argument` (an id that no connection can have). Unless it returns `ok`, neither closure is called, and
    ///   both are released.
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

    /// Runs `delivery` on the loop of a connection, exactly once. The session is nil under the same conditions as in
    /// `submit(for:work:done:)`. [any]
    ///
    /// - Returns: `ok`; `busy` (that loop has no room for another delivery), `stopping`, `argument`. Unless it returns `ok`, `delivery` is
    ///   not called, and is released.
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

    /// The struct of host functions with this id, valid for the life of the process; nil: the host does not have it. [any]
    public func `extension`(_ id: String) -> UnsafeRawPointer? {
        withText(id) { table.pointee.extension(instance, $0) }
    }
}

func withText<Result>(_ text: String, _ body: (martlet_text) -> Result) -> Result {
    var text = text
    return text.withUTF8 { bytes in
        body(
            martlet_text(
                data: UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self), length: bytes.count))
    }
}
