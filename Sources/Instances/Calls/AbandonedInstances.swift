import Synchronization

/// Instances with a call that has not returned. They stay for the life of the process, with their images.
enum AbandonedInstances {
    private static let instances = Mutex<[PluginInstance]>([])

    static func keep(_ instance: PluginInstance) { instances.withLock { $0.append(instance) } }
}
