import CMartlet
import Engine
import PluginABI

/// The extensions that this host offers to plugins, by id.
enum HostExtensions {
    static let ids = [
        MARTLET_HOST_INFO, MARTLET_LOOPS, MARTLET_GROUPS, MARTLET_METRICS, MARTLET_CHECKPOINTS, MARTLET_TRANSPORT,
        MARTLET_DATABASE, MARTLET_USERS,
    ]

    static func functions(for id: String) -> UnsafeRawPointer? {
        switch id {
        case MARTLET_HOST_INFO: UnsafeRawPointer(hostInfo)
        case MARTLET_LOOPS: UnsafeRawPointer(loops)
        case MARTLET_GROUPS: UnsafeRawPointer(groups)
        case MARTLET_METRICS: UnsafeRawPointer(MetricFunctions.table)
        case MARTLET_CHECKPOINTS: UnsafeRawPointer(checkpoints)
        case MARTLET_TRANSPORT: UnsafeRawPointer(transport)
        case MARTLET_DATABASE: UnsafeRawPointer(DatabaseFunctions.table)
        case MARTLET_USERS: UnsafeRawPointer(UserFunctions.table)
        default: nil
        }
    }

    /// `martlet.host-info/1`
    nonisolated(unsafe) private static let hostInfo: UnsafePointer<martlet_host_info> = {
        var table = martlet_host_info()
        table.size = UInt32(MemoryLayout<martlet_host_info>.size)
        table.loop_count = { UInt32(PluginInstance.of($0).engine.loops.count) }
        table.worker_count = { UInt32(PluginInstance.of($0).engine.workers.counts.settings.maximum) }
        table.generation = { UInt32(PluginInstance.of($0).generation) }
        table.listener = { PluginInstance.of($0).listenerText }
        return permanent(table)
    }()

    /// `martlet.loops/1`
    nonisolated(unsafe) private static let loops: UnsafePointer<martlet_loops> = {
        var table = martlet_loops()
        table.size = UInt32(MemoryLayout<martlet_loops>.size)
        table.connection = { PluginInstance.connection($0, $1) }
        table.post = { instance, loop, delivery, context in
            guard instance != nil, let delivery else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(instance).post(
                connection: ConnectionID(rawValue: 0), onLoop: Int(loop), delivery: delivery, context: context)
        }
        table.start_timer = { instance, loop, delay, period, tick, release, context, timer in
            guard instance != nil, let tick, let timer else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(instance).startTimer(
                loop: loop, delay: delay, period: period, tick: tick, release: release, context: context, timer)
        }
        table.cancel_timer = { $0 == nil ? MARTLET_ERROR_ARGUMENT : PluginInstance.of($0).cancelTimer($1) }
        return permanent(table)
    }()

    /// `martlet.checkpoints/1`
    nonisolated(unsafe) private static let checkpoints: UnsafePointer<martlet_checkpoints> = {
        var table = martlet_checkpoints()
        table.size = UInt32(MemoryLayout<martlet_checkpoints>.size)
        table.checkpoint = { ConnectionPointer(handle: $0)?.requestCheckpoint() ?? MARTLET_ERROR_ARGUMENT }
        return permanent(table)
    }()

    /// `martlet.transport/1`
    nonisolated(unsafe) private static let transport: UnsafePointer<martlet_transport> = {
        var table = martlet_transport()
        table.size = UInt32(MemoryLayout<martlet_transport>.size)
        table.state = { ConnectionPointer(handle: $0)?.transportState() ?? 0 }
        table.text = { connection, fact, index, text in
            guard let text, let connection = ConnectionPointer(handle: connection) else {
                return MARTLET_ERROR_ARGUMENT
            }
            return connection.transportText(fact, index, text)
        }
        return permanent(table)
    }()

    /// `martlet.groups/1`
    nonisolated(unsafe) private static let groups: UnsafePointer<martlet_groups> = {
        var table = martlet_groups()
        table.size = UInt32(MemoryLayout<martlet_groups>.size)
        table.join = { PluginInstance.join($0, $1, $2) }
        table.leave = { PluginInstance.leave($0, $1) }
        table.send = { instance, group, data, length, except in
            guard instance != nil else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(instance).send(group, data, length, except: except)
        }
        table.count = { $0 == nil ? 0 : PluginInstance.of($0).memberCount(of: $1) }
        return permanent(table)
    }()
}
