import CMartlet
import PluginABI

/// The constant table of host functions.
enum HostFunctions {
    nonisolated(unsafe) static let table: UnsafePointer<martlet_host> = {
        var table = martlet_host()
        table.size = UInt32(MemoryLayout<martlet_host>.size)
        table.abi = martlet_abi(MARTLET_ABI_MAJOR) << 16 | martlet_abi(MARTLET_ABI_MINOR)
        let version = UnsafeMutableBufferPointer<CChar>.allocate(capacity: SimulatedHost.version.utf8CString.count)
        _ = version.initialize(from: SimulatedHost.version.utf8CString)
        table.version = martlet_text(data: version.baseAddress, length: version.count - 1)
        installOutput(&table)
        installControl(&table)
        installWork(&table)
        installTelemetry(&table)
        let memory = UnsafeMutablePointer<martlet_host>.allocate(capacity: 1)
        memory.initialize(to: table)
        return UnsafePointer(memory)
    }()

    private static func installOutput(_ table: inout martlet_host) {
        table.reserve = { SimulatedConnection.of($0)?.reserve($1) }
        table.commit = { SimulatedConnection.of($0)?.commit($1) ?? MARTLET_ERROR_ARGUMENT }
        table.write = { SimulatedConnection.of($0)?.write($1, $2) ?? MARTLET_ERROR_ARGUMENT }
        table.write_shared = {
            SimulatedConnection.of($0)?.writeShared($1, $2, Loan(release: $3, context: $4)) ?? MARTLET_ERROR_ARGUMENT
        }
        table.send_file = {
            SimulatedConnection.of($0)?.sendFile($1, offset: $2, length: $3, Loan(release: $4, context: $5))
                ?? MARTLET_ERROR_ARGUMENT
        }
    }

    private static func installControl(_ table: inout martlet_host) {
        table.close = { SimulatedConnection.of($0)?.requestClose() ?? MARTLET_ERROR_ARGUMENT }
        table.abort = { SimulatedConnection.of($0)?.requestAbort($1) ?? MARTLET_ERROR_ARGUMENT }
        table.hand_over = { SimulatedConnection.of($0)?.requestHandOver(to: String($1)) ?? MARTLET_ERROR_ARGUMENT }
        table.start_tls = { _ in MARTLET_ERROR_UNSUPPORTED }
        table.want = { SimulatedConnection.of($0)?.want($1) ?? MARTLET_ERROR_ARGUMENT }
        table.pause = { SimulatedConnection.of($0)?.pauseInput() ?? MARTLET_ERROR_ARGUMENT }
        table.resume = { SimulatedConnection.of($0)?.resumeInput() ?? MARTLET_ERROR_ARGUMENT }
        table.set_timer = { SimulatedConnection.of($0)?.setTimer(milliseconds: $1) ?? MARTLET_ERROR_ARGUMENT }
        table.expect_input = { SimulatedConnection.of($0)?.expectInput($1 != 0) ?? MARTLET_ERROR_ARGUMENT }
        table.peer = { handle, address in
            guard let connection = SimulatedConnection.of(handle), let address else { return MARTLET_ERROR_ARGUMENT }
            return connection.tell("peer", connection.address, address)
        }
        table.local = { handle, address in
            guard let connection = SimulatedConnection.of(handle), let address else { return MARTLET_ERROR_ARGUMENT }
            return connection.tell("local", connection.local, address)
        }
        table.id = { SimulatedConnection.of($0)?.name() ?? 0 }
        table.monotonic_time = { SimulatedConnection.of($0)?.monotonicTime() ?? 0 }
        table.wall_clock = { SimulatedConnection.of($0)?.wallClock() ?? 0 }
        table.request_done = { handle, request in
            guard let connection = SimulatedConnection.of(handle), let request else { return MARTLET_ERROR_ARGUMENT }
            return connection.requestDone(request)
        }
    }
}

// The host hands out no other handles than these two, and keeps what they point at until it is gone itself.

extension SimulatedConnection {
    static func of(_ handle: OpaquePointer?) -> SimulatedConnection? {
        handle.map { Unmanaged<SimulatedConnection>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }
}

extension SimulatedHost {
    static func of(_ handle: OpaquePointer?) -> SimulatedHost? {
        handle.map { Unmanaged<SimulatedHost>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }
}
