import CMartlet
import PluginABI

/// The host functions that steer a connection or ask about it: `close` to `request_done`.
extension SimulatedConnection {
    /// Whether calls are taken that change the connection.
    private func takesCalls(_ function: StaticString) -> Bool { isTaken(function) }

    /// Those that are allowed in `closed` as well.
    private func answers(_ function: StaticString) {
        if moment == .idle { violation("\(function) outside a callback of the connection") }
    }

    func requestClose() -> martlet_result {
        guard takesCalls("close") else { return MARTLET_ERROR_CLOSED }
        closing = true
        closedByPlugin = true
        return MARTLET_OK
    }

    /// Also behind a `close`.
    func requestAbort(_ why: martlet_result) -> martlet_result {
        if moment == .idle { violation("abort outside a callback of the connection") }
        guard moment == .callback, !aborting else { return MARTLET_ERROR_CLOSED }
        giveUp(why)
        return MARTLET_OK
    }

    func giveUp(_ why: martlet_result) {
        aborting = true
        guard !closedByPlugin else { return }
        closeReason =
            switch why {
            case MARTLET_OK...: MARTLET_CLOSED_BY_PLUGIN
            case MARTLET_ERROR_PEER: MARTLET_CLOSED_PEER_ERROR
            default: MARTLET_CLOSED_FAILED
            }
    }

    /// There is another listener of any name.
    func requestHandOver(to listener: String) -> martlet_result {
        guard takesCalls("hand_over") else { return MARTLET_ERROR_CLOSED }
        guard !listener.isEmpty else { return MARTLET_ERROR_ARGUMENT }
        nextListener = listener
        return MARTLET_OK
    }

    func want(_ count: Int) -> martlet_result {
        guard takesCalls("want") else { return MARTLET_ERROR_CLOSED }
        guard count >= 0, count <= host.limits.maximumInput else { return MARTLET_ERROR_ARGUMENT }
        let before = wantedInput
        wantedInput = count
        // What `received` leaves is known when it has returned.
        if host.call != .received, count > 0 || before > 0, input.count >= max(count, 1) { presentAgain = true }
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

    func tell(
        _ function: StaticString, _ known: PeerAddress, _ address: UnsafeMutablePointer<martlet_address>
    ) -> martlet_result {
        answers(function)
        return known.asStruct.write(to: address) ? MARTLET_OK : MARTLET_ERROR_ARGUMENT
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

    func requestDone(_ request: UnsafePointer<martlet_request>) -> martlet_result {
        answers("request_done")
        guard let request = martlet_request(request) else { return MARTLET_ERROR_ARGUMENT }
        host.requests.append(
            RequestRecord(
                connection: number, method: String(request.method),
                target: Array(UnsafeRawBufferPointer(start: request.target.data, count: request.target.length)),
                status: request.status, bytes: request.bytes, started: request.started,
                failed: request.isFailed))
        return MARTLET_OK
    }
}
