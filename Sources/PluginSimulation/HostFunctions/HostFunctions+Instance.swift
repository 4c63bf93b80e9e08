import CMartlet
import PluginABI

/// The host functions that belong to an instance: work, telemetry, refusals, extensions.
extension HostFunctions {
    static func installWork(_ table: inout martlet_host) {
        table.submit = { handle, connection, work, done, context in
            guard let host = SimulatedHost.of(handle), let work else { return MARTLET_ERROR_ARGUMENT }
            return host.work.add(
                WorkQueue.Item(work: work, delivery: done, connection: connection, context: context))
        }
        table.post = { handle, connection, delivery, context in
            guard let host = SimulatedHost.of(handle), let delivery else { return MARTLET_ERROR_ARGUMENT }
            return host.work.add(
                WorkQueue.Item(work: nil, delivery: delivery, connection: connection, context: context))
        }
    }

    static func installTelemetry(_ table: inout martlet_host) {
        table.log_enabled = { handle, level in
            SimulatedHost.of(handle).map { min(level, MARTLET_LOG_ERROR) >= $0.telemetry.leastLevel } == true ? 1 : 0
        }
        table.log = { SimulatedHost.of($0)?.telemetry.log($1, String($2)) }
        table.metric_register = { handle, kind, name, _ in
            guard let host = SimulatedHost.of(handle) else { return MARTLET_ERROR_ARGUMENT }
            if !host.isCreating { host.telemetry.violation("metric_register outside create", isAnswered: true) }
            guard kind == MARTLET_METRIC_COUNTER || kind == MARTLET_METRIC_GAUGE else {
                return MARTLET_ERROR_UNSUPPORTED
            }
            return host.telemetry.metrics.register(String(name), isCounter: kind == MARTLET_METRIC_COUNTER)
        }
        table.metric_add = { handle, metric, amount in
            guard let telemetry = SimulatedHost.of(handle)?.telemetry else { return MARTLET_ERROR_ARGUMENT }
            return telemetry.checked(telemetry.metrics.add(amount, to: metric), metric)
        }
        table.metric_set = { handle, metric, value in
            guard let telemetry = SimulatedHost.of(handle)?.telemetry else { return MARTLET_ERROR_ARGUMENT }
            return telemetry.checked(telemetry.metrics.set(metric, to: value), metric)
        }
        table.refuse = { SimulatedHost.of($0)?.telemetry.refuse(String($1), String($2)) }
        table.extension = { handle, id in
            String(id) == MARTLET_HOST_INFO ? UnsafeRawPointer(HostFunctions.hostInfo) : nil
        }
    }

    /// `martlet.host-info/1`
    nonisolated(unsafe) private static let hostInfo: UnsafePointer<martlet_host_info> = {
        var table = martlet_host_info()
        table.size = UInt32(MemoryLayout<martlet_host_info>.size)
        table.loop_count = { UInt32(SimulatedHost.of($0)?.loopCount ?? 0) }
        table.worker_count = { _ in 1 }
        table.generation = { UInt32(SimulatedHost.of($0)?.generation ?? 0) }
        table.listener = { _ in
            let name: StaticString = "simulated"
            return martlet_text(
                data: UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
                length: name.utf8CodeUnitCount)
        }
        let memory = UnsafeMutablePointer<martlet_host_info>.allocate(capacity: 1)
        memory.initialize(to: table)
        return UnsafePointer(memory)
    }()
}
