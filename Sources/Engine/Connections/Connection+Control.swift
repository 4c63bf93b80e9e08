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
        pointee.flags.insert(.closing)
        return HostResult.ok
    }

    /// `martlet_host.abort`
    package func requestAbort() -> Int32 {
        guard pointee.flags.contains(.inCallback), !pointee.flags.contains(.aborting) else { return HostResult.closed }
        pointee.flags.insert(.aborting)
        return HostResult.ok
    }

    /// The plugin broke a rule of the ABI: the connection is not to be trusted any more.
    func fault() {
        pointee.binding.pointee.faults.add(1)
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
        return HostResult.ok
    }

    /// `martlet_host.set_timer`
    package func setTimer(milliseconds: UInt64) -> Int32 {
        guard takesCalls else { return HostResult.closed }
        let now = pointee.loop.pointee.milliseconds
        pointee.timerDeadline = milliseconds == 0 ? 0 : now &+ min(milliseconds, 1 << 40)
        pointee.flags.insert(.timerChanged)
        return HostResult.ok
    }

    package var peer: PeerAddress { pointee.peer }

    package var id: ConnectionID {
        ConnectionID(
            generation: pointee.generation, loop: pointee.loop.pointee.index, slot: pointee.index)
    }

    package var monotonicNanoseconds: UInt64 { pointee.loop.pointee.now }

    package var wallClockSeconds: Int64 { pointee.loop.pointee.wallClock.seconds }

    /// `martlet_host.request_done`, as far as it is counted.
    package func countRequest(failed: Bool) {
        pointee.binding.pointee.requests.add(1)
        if failed { pointee.binding.pointee.failedRequests.add(1) }
    }
}
