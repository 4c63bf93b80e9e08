import Threads

/// What plugins ask of a connection besides output: the host functions `close` to `request_done`.
extension ConnectionPointer {
    /// From the plugin's opaque handle. The host hands out nothing but pointers to slots, which are never unmapped.
    @inline(__always)
    package init?(handle: OpaquePointer?) {
        guard let handle else { return nil }
        self.init(handle)
    }

    private var takesCalls: Bool {
        pointee.flags.intersection([.inCallback, .closing, .aborting]) == .inCallback
    }

    /// `martlet_host.close`
    package func requestClose() -> Int32 {
        guard takesCalls else { return HostResult.closed }
        pointee.flags.insert([.closing, .closedByPlugin])
        return HostResult.ok
    }

    /// `martlet_host.abort`
    package func requestAbort() -> Int32 {
        guard pointee.flags.contains(.inCallback), !pointee.flags.contains(.aborting) else { return HostResult.closed }
        pointee.flags.insert(.aborting)
        return HostResult.ok
    }

    /// Counts a broken rule that needs no more than that.
    ///
    /// - Parameter callback: nil: the one that runs.
    func count(_ fault: Fault, in callback: CallbackKind? = nil) {
        let context = pointee.context
        pointee.binding.pointee.counters.pointee.faults.addShared(1)
        let running = context.pointee.running.pointee.observation?.kind
        let peer =
            switch pointee.peer.family {
            case .unix: AddressKey?.none
            case .ipv4: AddressKey(address: pointee.peer)
            case .ipv6: AddressKey(networkOf: pointee.peer)
            }
        pointee.binding.pointee.ledger.faults.record(
            fault, in: callback ?? running ?? .received, of: peer, at: context.pointee.now)
    }

    /// The plugin broke a rule of the ABI: the connection is not to be trusted any more.
    func abort(for fault: Fault, in callback: CallbackKind? = nil) {
        count(fault, in: callback)
        pointee.closeReason = .fault
        pointee.flags.insert(.aborting)
    }

    /// `martlet_host.pause`
    package func pauseInput() -> Int32 {
        guard takesCalls else { return HostResult.closed }
        pointee.flags.insert(.paused)
        return HostResult.ok
    }

    /// `martlet_host.resume`
    package func resumeInput() -> Int32 {
        guard takesCalls else { return HostResult.closed }
        guard pointee.flags.contains(.paused) else { return HostResult.ok }
        pointee.flags.remove(.paused)
        pointee.flags.insert(.presentAgain)
        restartRequestClock()
        return HostResult.ok
    }

    /// The peer could not go on with its message while nothing was read: its time begins again.
    func restartRequestClock() {
        guard pointee.requestStarted != 0 else { return }
        pointee.requestStarted = pointee.context.pointee.milliseconds
        pointee.flags.insert(.timerChanged)
    }

    /// `martlet_host.expect_input`
    package func expectInput(_ expected: Bool) -> Int32 {
        guard takesCalls else { return HostResult.closed }
        if expected {
            guard !pointee.flags.contains(.inputExpected) else { return HostResult.ok }
            pointee.flags.insert([.inputExpected, .timerChanged])
            if pointee.requestStarted == 0 {
                pointee.requestStarted = pointee.context.pointee.milliseconds
                pointee.requestBytes = 0
            }
        } else if pointee.flags.contains(.inputExpected) {
            pointee.flags.remove(.inputExpected)
            pointee.requestStarted = 0
        }
        return HostResult.ok
    }

    /// `martlet_host.set_timer`
    package func setTimer(milliseconds: UInt64) -> Int32 {
        guard takesCalls else { return HostResult.closed }
        let now = pointee.context.pointee.milliseconds
        pointee.timerDeadline = milliseconds == 0 ? 0 : now &+ min(milliseconds, 1 << 40)
        pointee.flags.insert(.timerChanged)
        return HostResult.ok
    }

    package var peer: PeerAddress { pointee.peer }

    package var id: ConnectionID {
        ConnectionID(
            generation: pointee.generation, loop: pointee.context.pointee.index, slot: pointee.index)
    }

    package var monotonicNanoseconds: UInt64 { pointee.context.pointee.now }

    package var wallClockSeconds: Int64 { pointee.context.pointee.wallClock.seconds }

    /// Of an instance whose callbacks are measured.
    func countSlowCallback(since began: UInt64) {
        let limit = pointee.binding.pointee.slowCallbackNanoseconds
        guard limit > 0, readMonotonicClock() - began > limit else { return }
        pointee.binding.pointee.counters.pointee.slowCallbacks.addShared(1)
    }

    /// `martlet_host.request_done`, as far as it is counted.
    package func countRequest(failed: Bool) {
        if _fastPath(!pointee.binding.pointee.usesWorkers) {
            pointee.binding.pointee.counters.pointee.requests.add(1)
            if failed { pointee.binding.pointee.counters.pointee.failedRequests.add(1) }
        } else {
            pointee.binding.pointee.counters.pointee.requests.addShared(1)
            if failed { pointee.binding.pointee.counters.pointee.failedRequests.addShared(1) }
        }
        if _slowPath(pointee.flags.contains(.rated)) { chargeRequest() }
    }
}
