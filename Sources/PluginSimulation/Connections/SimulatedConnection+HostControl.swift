import CMartlet

/// The host functions that steer a connection or ask about it: `close` to `request_done`.
extension SimulatedConnection {
    /// Whether calls are taken that change the connection.
    private func takesCalls(_ function: StaticString) -> Bool {
        dropReservation()
        return isTaken(function)
    }

    /// Those that are allowed in `closed` as well.
    private func answers(_ function: StaticString) {
        dropReservation()
        if moment == .idle { violation("\(function) outside a callback of the connection") }
    }

    func requestClose() -> martlet_result {
        guard takesCalls("close") else { return MARTLET_ERROR_CLOSED }
        closing = true
        closedByPlugin = true
        return MARTLET_OK
    }

    /// Also behind a `close`.
    func requestAbort() -> martlet_result {
        dropReservation()
        if moment == .idle { violation("abort outside a callback of the connection") }
        guard moment == .callback, !aborting else { return MARTLET_ERROR_CLOSED }
        aborting = true
        return MARTLET_OK
    }

    func pauseInput() -> martlet_result {
        guard takesCalls("pause") else { return MARTLET_ERROR_CLOSED }
        paused = true
        return MARTLET_OK
    }

    func resumeInput() -> martlet_result {
        guard takesCalls("resume") else { return MARTLET_ERROR_CLOSED }
        if paused {
            paused = false
            presentAgain = true
        }
        return MARTLET_OK
    }

    func expectInput(_ expected: Bool) -> martlet_result {
        guard takesCalls("expect_input") else { return MARTLET_ERROR_CLOSED }
        expectsInput = expected
        return MARTLET_OK
    }

    func setTimer(milliseconds: UInt64) -> martlet_result {
        guard takesCalls("set_timer") else { return MARTLET_ERROR_CLOSED }
        let now = host.nanoseconds / 1_000_000
        timerDeadline = milliseconds == 0 ? nil : (now + min(milliseconds, 1 << 40)) * 1_000_000
        return MARTLET_OK
    }

    func fill(_ peer: UnsafeMutablePointer<martlet_peer>) -> martlet_result {
        answers("peer")
        guard peer.pointee.size >= MemoryLayout<martlet_peer>.size else { return MARTLET_ERROR_ARGUMENT }
        var filled = martlet_peer()
        filled.size = peer.pointee.size
        address.fill(&filled)
        peer.pointee = filled
        return MARTLET_OK
    }

    func name() -> martlet_connection_id {
        answers("id")
        return rawID
    }

    func monotonicTime() -> UInt64 {
        answers("monotonic_time")
        return host.nanoseconds
    }

    func wallClock() -> Int64 {
        answers("wall_clock")
        return SimulatedHost.wallClockStart + Int64(host.nanoseconds / 1_000_000_000)
    }

    func requestDone(_ request: martlet_request) -> martlet_result {
        answers("request_done")
        guard request.size >= MemoryLayout<martlet_request>.size else { return MARTLET_ERROR_ARGUMENT }
        host.requests.append(
            RequestRecord(
                connection: number, method: String(request.method),
                target: Array(UnsafeRawBufferPointer(start: request.target.data, count: request.target.length)),
                status: request.status, bytes: request.bytes, started: request.started,
                failed: isFailed(request)))
        return MARTLET_OK
    }
}
