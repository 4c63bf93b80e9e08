import CMartlet

/// Where an instance runs: `martlet.host-info/1`. Available from `init` on; does not change during the life of the instance. [any]
extension Host {
    /// The name of the listener, such as `chat`. Empty on a host without this extension.
    public var listener: String { info.map { String($0.pointee.listener(instance)) } ?? "" }

    /// The number of this instance on its listener, from 1; each swap increments it. 0 on a host without this extension.
    public var generation: Int { info.map { Int($0.pointee.generation(instance)) } ?? 0 }

    /// The number of event loops; each has its own `LoopState`. 0 on a host without this extension.
    public var loopCount: Int { info.map { Int($0.pointee.loop_count(instance)) } ?? 0 }

    /// The maximum number of threads in the worker pool. 0 on a host without this extension.
    public var workerCount: Int { info.map { Int($0.pointee.worker_count(instance)) } ?? 0 }

    private var info: UnsafePointer<martlet_host_info>? {
        self.extension(MARTLET_HOST_INFO)?.assumingMemoryBound(to: martlet_host_info.self)
    }
}
