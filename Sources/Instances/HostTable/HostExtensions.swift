import CMartlet

/// The extensions that this host offers to plugins, by id.
enum HostExtensions {
    static let ids = [MARTLET_HOST_INFO, MARTLET_METRICS]

    static func functions(for id: String) -> UnsafeRawPointer? {
        switch id {
        case MARTLET_HOST_INFO: UnsafeRawPointer(hostInfo)
        case MARTLET_METRICS: UnsafeRawPointer(MetricFunctions.table)
        default: nil
        }
    }

    /// `martlet.host-info/1`
    nonisolated(unsafe) private static let hostInfo: UnsafePointer<martlet_host_info> = {
        var table = martlet_host_info()
        table.size = UInt32(MemoryLayout<martlet_host_info>.size)
        table.loop_count = { UInt32(PluginInstance.of($0).engine.loops.count) }
        table.worker_count = { UInt32(PluginInstance.of($0).engine.workers.counts.maximum) }
        table.generation = { UInt32(PluginInstance.of($0).generation) }
        table.listener = { PluginInstance.of($0).listenerText }
        return permanent(table)
    }()
}
