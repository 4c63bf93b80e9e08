import CMartlet
import Engine
import PluginABI
import Telemetry

/// The one constant table of host functions that every plugin gets.
package enum HostTable {
    nonisolated(unsafe) package static let pointer: UnsafePointer<martlet_host> = {
        var table = martlet_host()
        table.size = UInt32(MemoryLayout<martlet_host>.size)
        table.abi = Version.abiNumber
        table.version = permanentText(Version.current)
        installOutput(&table)
        installControl(&table)
        installWork(&table)
        installTelemetry(&table)
        return permanent(table)
    }()

    private static func installOutput(_ table: inout martlet_host) {
        table.reserve = { ConnectionPointer(handle: $0)?.reserve($1) }
        table.commit = { ConnectionPointer(handle: $0)?.commit($1) ?? MARTLET_ERROR_ARGUMENT }
        table.write = { ConnectionPointer(handle: $0)?.write($1, $2) ?? MARTLET_ERROR_ARGUMENT }
        table.write_shared = {
            ConnectionPointer(handle: $0)?.writeShared($1, $2, release: $3, context: $4) ?? MARTLET_ERROR_ARGUMENT
        }
        table.send_file = {
            ConnectionPointer(handle: $0)?.sendFile($1, offset: $2, length: $3, release: $4, context: $5)
                ?? MARTLET_ERROR_ARGUMENT
        }
    }

    private static func installControl(_ table: inout martlet_host) {
        table.close = { ConnectionPointer(handle: $0)?.requestClose() ?? MARTLET_ERROR_ARGUMENT }
        table.abort = { ConnectionPointer(handle: $0)?.requestAbort($1) ?? MARTLET_ERROR_ARGUMENT }
        table.hand_over = { ConnectionPointer(handle: $0)?.requestHandOver(to: $1) ?? MARTLET_ERROR_ARGUMENT }
        table.start_tls = { _ in MARTLET_ERROR_UNSUPPORTED }
        table.want = { ConnectionPointer(handle: $0)?.wantInput($1) ?? MARTLET_ERROR_ARGUMENT }
        table.pause = { ConnectionPointer(handle: $0)?.pauseInput() ?? MARTLET_ERROR_ARGUMENT }
        table.resume = { ConnectionPointer(handle: $0)?.resumeInput() ?? MARTLET_ERROR_ARGUMENT }
        table.set_timer = { ConnectionPointer(handle: $0)?.setTimer(milliseconds: $1) ?? MARTLET_ERROR_ARGUMENT }
        table.expect_input = { ConnectionPointer(handle: $0)?.expectInput($1 != 0) ?? MARTLET_ERROR_ARGUMENT }
        table.peer = { handle, address in
            guard let connection = ConnectionPointer(handle: handle), let address else { return MARTLET_ERROR_ARGUMENT }
            return martlet_address(connection.pointee.peer).write(to: address) ? MARTLET_OK : MARTLET_ERROR_ARGUMENT
        }
        table.local = { handle, address in
            guard let connection = ConnectionPointer(handle: handle), let address else { return MARTLET_ERROR_ARGUMENT }
            return martlet_address(connection.local).write(to: address)
                ? MARTLET_OK : MARTLET_ERROR_ARGUMENT
        }
        table.id = { ConnectionPointer(handle: $0)?.id.rawValue ?? 0 }
        table.monotonic_time = { ConnectionPointer(handle: $0)?.monotonicNanoseconds ?? 0 }
        table.wall_clock = { ConnectionPointer(handle: $0)?.wallClockSeconds ?? 0 }
        table.request_done = { handle, request in
            guard let connection = ConnectionPointer(handle: handle), let request,
                let isFailed = martlet_request.isFailed(request)
            else { return MARTLET_ERROR_ARGUMENT }
            connection.countRequest(failed: isFailed)
            return MARTLET_OK
        }
    }

    private static func installWork(_ table: inout martlet_host) {
        table.submit = { handle, connection, work, done, context in
            guard handle != nil, let work else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).submit(
                connection: ConnectionID(rawValue: connection), work: work, done: done, context: context)
        }
        table.post = { handle, connection, delivery, context in
            guard handle != nil, let delivery else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).post(
                connection: ConnectionID(rawValue: connection), delivery: delivery, context: context)
        }
        table.extension = { handle, id in HostExtensions.functions(for: String(id)) }
    }

    private static func installTelemetry(_ table: inout martlet_host) {
        table.log_enabled = { $0 != nil && PluginInstance.of($0).logs($1) ? 1 : 0 }
        table.log = { if $0 != nil { PluginInstance.of($0).log($1, String($2)) } }
        table.metric_register = { handle, kind, name, help in
            guard handle != nil else { return MARTLET_ERROR_ARGUMENT }
            do throws(MetricRefusal) {
                return try PluginInstance.of(handle).registerMetric(in: "metric_register") {
                    () throws(MetricRefusal) in
                    // It has no bounds for a histogram.
                    guard let kind = MetricDescription.Kind(kind), kind != .histogram else { return nil }
                    return try MetricDescription(kind, String(name), help: String(help))
                }
            } catch {
                return MARTLET_ERROR_ARGUMENT
            }
        }
        table.metric_add = { handle, metric, amount in
            guard handle != nil else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).update(metric) { $0.add(amount, to: $1) }
        }
        table.metric_set = { handle, metric, value in
            guard handle != nil else { return MARTLET_ERROR_ARGUMENT }
            return PluginInstance.of(handle).update(metric) { $0.set(value, of: $1) }
        }
        table.refuse = { handle, path, message in
            if handle != nil { PluginInstance.of(handle).refuse(String(path), String(message)) }
        }
    }
}
