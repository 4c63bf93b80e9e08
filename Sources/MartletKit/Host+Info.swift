import CMartlet

/// Where an instance runs: `martlet.host-info/1`. From `init` on, the same for the life of the instance. [any]
extension Host {
    /// The name of the listener, such as `chat`. Empty on a host that does not say.
    public var listener: String { info.map { String($0.pointee.listener(instance)) } ?? "" }

    /// The number of this instance on its listener, from 1: each swap makes the next one. 0 on a host that does not say.
    public var generation: Int { info.map { Int($0.pointee.generation(instance)) } ?? 0 }

    /// Event loops, each with a `LoopState` of its own. 0 on a host that does not say.
    public var loopCount: Int { info.map { Int($0.pointee.loop_count(instance)) } ?? 0 }

    /// Threads of the worker pool. 0 on a host that does not say.
    public var workerCount: Int { info.map { Int($0.pointee.worker_count(instance)) } ?? 0 }

    private var info: UnsafePointer<martlet_host_info>? {
        self.extension(MARTLET_HOST_INFO)?.assumingMemoryBound(to: martlet_host_info.self)
    }
}
