import CMartlet
import PluginABI
import Threads

/// Requests of plugins to a connection, except output: the host functions `close` to `request_done`.
extension ConnectionPointer {
    /// Converts the plugin's opaque handle. The host hands out only pointers to slots, which are never unmapped.
    @inline(__always)
    package init?(handle: OpaquePointer?) {
        guard let handle else { return nil }
        self.init(handle)
    }

    /// A callback of the connection runs and nothing has ended it; otherwise the function is refused.
    package func takesCalls(_ function: StaticString) -> Bool {
        if pointee.state.takesCalls { return true }
        noteRefused(function)
        return false
    }

    /// A host function refuses a call. It is a fault outside of every callback. In `closed` and `moved` it is not.
    @inline(never)
    func noteRefused(_ function: StaticString, writes: Bool = false) {
        if pointee.state.isInCallback {
            // It is a fault only if the plugin itself has closed the connection, and not if the host has.
            if writes, pointee.state.isClosedByPlugin { count(.wroteAfterClose) }
            return
        }
        guard pointee.state.hasSession else { return }
        switch links.pointee.context.pointee.running.pointee.observation?.kind {
        case .save, .restore: count(.insideMove("\(function)"))
        case .moved: break
        default: count(.outsideCallback("\(function)"))
        }
    }

    /// `martlet_host.close`
    package func requestClose() -> Int32 {
        guard pointee.state.takesCallsFromOutside || takesCalls("close") else { return MARTLET_ERROR_CLOSED }
        pointee.state.take(.asksToClose)
        return MARTLET_OK
    }

    /// `martlet_host.abort`
    package func requestAbort(_ why: martlet_result) -> Int32 {
        guard pointee.state.isInCallback || pointee.state.isReached, !pointee.state.isAborting else {
            noteRefused("abort")
            return MARTLET_ERROR_CLOSED
        }
        giveUp(why)
        return MARTLET_OK
    }

    /// The plugin gives the connection up: it is aborted when the callback ends.
    func giveUp(_ why: martlet_result) {
        pointee.state.take(.asksToAbort)
        // Whatever happens to the connection now, this is the close reason, unless the plugin has already closed it.
        guard !pointee.state.isClosedByPlugin else { return }
        pointee.closeReason = CloseReason(givenUpWith: why)
        switch pointee.closeReason {
        case .peerError: counters.pointee.peerErrors.addShared(1)
        case .failed:
            counters.pointee.failures.addShared(1)
            countRequest(failed: true)
        default: break
        }
    }

    /// `martlet_host.hand_over`
    package func requestHandOver(to name: martlet_text) -> Int32 {
        guard takesCalls("hand_over") else { return MARTLET_ERROR_CLOSED }
        let own = links.pointee.binding.pointee.admission
        guard let next = own.listeners.find(String(name)), next !== own else { return MARTLET_ERROR_ARGUMENT }
        // Takes the place now, so that the plugin learns that the listener is full.
        guard next.quota.take() else { return MARTLET_ERROR_BUSY }
        links.pointee.nextListener = .passRetained(next)
        pointee.state.take(.asksToHandOver)
        return MARTLET_OK
    }

    /// Gives back the place at the next listener: the connection ends before it gets there.
    func forgetNextListener() {
        takeNextListener()?.quota.give()
    }

    /// The listener to which the connection is handed over; nil: to none.
    func takeNextListener() -> Admission? {
        guard let next = links.pointee.nextListener else { return nil }
        links.pointee.nextListener = nil
        return next.takeRetainedValue()
    }

    /// The address that the peer connected to.
    package var local: PeerAddress { recovery.pointee.local }

    /// Calls `opened`, which stores the session in the slot.
    @inline(__always)
    func callOpened() -> martlet_result {
        var (peer, local) = (martlet_address(pointee.peer), martlet_address(local))
        let binding = links.pointee.binding
        return withUnsafePointer(to: &peer) { peer in
            withUnsafePointer(to: &local) { local in
                var opening = martlet_opening()
                opening.size = UInt32(MemoryLayout<martlet_opening>.size)
                opening.origin = martlet_origin(pointee.origin)
                opening.peer = peer
                opening.local = local
                if let endpoint = links.pointee.endpoint { opening.endpoint = endpoint.pointee }
                let own = links.pointee.session
                let result = binding.pointee.callbacks.opened(
                    binding.pointee.env, OpaquePointer(self), &opening, &links.pointee.session)
                if binding.pointee.keepsSessions { links.pointee.session = own }
                return result
            }
        }
    }

    /// `martlet_host.want`
    package func wantInput(_ length: Int) -> Int32 {
        guard takesCalls("want") else { return MARTLET_ERROR_CLOSED }
        guard length >= 0, length <= limits.maximumInput, length <= Int(UInt32.max) else {
            return MARTLET_ERROR_ARGUMENT
        }
        let before = pointee.wantedInput
        pointee.wantedInput = UInt32(length)
        // The unconsumed bytes are known only when `received` has returned.
        guard links.pointee.context.pointee.running.pointee.observation?.kind != .received else { return MARTLET_OK }
        // The kernel may hold back more than is missing now.
        setLowWaterMark(0)
        if length > 0 || before > 0, pointee.inputCount >= max(length, 1) {
            pointee.state.take(.mustPresent)
        }
        return MARTLET_OK
    }

    /// Counts a broken rule without aborting the connection.
    ///
    /// - Parameter callback: nil: the one that is running.
    func count(_ fault: Fault, in callback: CallbackKind? = nil) {
        let context = links.pointee.context
        counters.pointee.faults.addShared(1)
        let running = context.pointee.running.pointee.observation?.kind
        let peer =
            switch pointee.peer.family {
            case .unix: AddressKey?.none
            case .ipv4: AddressKey(address: pointee.peer)
            default: AddressKey(networkOf: pointee.peer)
            }
        links.pointee.binding.pointee.ledger.faults.record(
            fault, in: callback ?? running ?? .received, of: peer, connection: self, at: context.pointee.now)
    }

    /// The plugin broke a rule of the ABI, so the connection can no longer be trusted.
    func abort(for fault: Fault, in callback: CallbackKind? = nil) {
        count(fault, in: callback)
        pointee.closeReason = .fault
        pointee.state.take(.mustAbort)
    }

    /// `martlet_host.pause`
    package func pauseInput() -> Int32 {
        guard takesCalls("pause") else { return MARTLET_ERROR_CLOSED }
        pointee.state.take(.asksToPause)
        return MARTLET_OK
    }

    /// `martlet_host.resume`
    package func resumeInput() -> Int32 {
        guard takesCalls("resume") else { return MARTLET_ERROR_CLOSED }
        guard pointee.state.isPaused else { return MARTLET_OK }
        pointee.state.take(.asksToResume)
        restartRequestClock()
        return MARTLET_OK
    }

    /// Restarts the time of the current message, because the peer could not continue it while nothing was read.
    func restartRequestClock() {
        guard pointee.requestStarted != 0 else { return }
        pointee.requestStarted = links.pointee.context.pointee.milliseconds
        pointee.state.take(.deadlineChanged)
    }

    /// `martlet_checkpoints.checkpoint`
    package func requestCheckpoint() -> Int32 {
        guard takesCalls("checkpoint") else { return MARTLET_ERROR_CLOSED }
        if links.pointee.binding.pointee.callbacks.state?.savesSessions == true {
            pointee.state.take(.mustCheckpoint)
        }
        return MARTLET_OK
    }

    /// `martlet_transport.state`
    package func transportState() -> UInt32 {
        takesCalls("state") ? links.pointee.transport?.pointee.state(self) ?? 0 : 0
    }

    /// `martlet_transport.text`
    package func transportText(_ fact: UInt32, _ index: Int, _ text: UnsafeMutablePointer<martlet_text>) -> Int32 {
        text.pointee = martlet_text()
        guard takesCalls("text") else { return MARTLET_ERROR_CLOSED }
        guard fact <= MARTLET_TRANSPORT_PRINCIPAL else { return MARTLET_ERROR_ARGUMENT }
        guard let found = links.pointee.transport?.pointee.text(self, fact, index), !found.isEmpty else {
            return MARTLET_OK
        }
        text.pointee = martlet_text(
            data: found.baseAddress?.assumingMemoryBound(to: CChar.self), length: found.count)
        return MARTLET_OK
    }

    /// `martlet_host.expect_input`
    package func expectInput(_ expected: Bool) -> Int32 {
        guard takesCalls("expect_input") else { return MARTLET_ERROR_CLOSED }
        if expected {
            guard !pointee.state.expectsInput else { return MARTLET_OK }
            pointee.state.take(.expectsInput)
            if pointee.requestStarted == 0 {
                pointee.requestStarted = links.pointee.context.pointee.milliseconds
                pointee.requestBytes = 0
            }
        } else if pointee.state.expectsInput {
            pointee.state.take(.expectsNoInput)
            pointee.requestStarted = 0
        }
        return MARTLET_OK
    }

    /// `martlet_host.set_timer`
    package func setTimer(milliseconds: UInt64) -> Int32 {
        guard takesCalls("set_timer") else { return MARTLET_ERROR_CLOSED }
        let now = links.pointee.context.pointee.milliseconds
        pointee.timerDeadline = milliseconds == 0 ? 0 : now &+ min(milliseconds, LoopCore.longestTimer)
        pointee.state.take(.deadlineChanged)
        return MARTLET_OK
    }

    /// The `env` of its instance on its loop.
    package var environment: UnsafePointer<martlet_env> { links.pointee.binding.pointee.env }

    package var loop: Int { Int(links.pointee.context.pointee.index) }

    /// A worker runs its callback.
    package var isOnWorker: Bool { links.pointee.context.pointee.isWorker }

    package var id: ConnectionID {
        ConnectionID(generation: pointee.generation, slot: links.pointee.number)
    }

    package var monotonicNanoseconds: UInt64 { links.pointee.context.pointee.now }

    package var wallClockSeconds: Int64 { links.pointee.context.pointee.wallClock.seconds }

    /// Counts a slow callback, if the callbacks of the instance are measured.
    func countSlowCallback(since began: UInt64) {
        let limit = links.pointee.binding.pointee.slowCallback.load(ordering: .relaxed)
        guard limit > 0, readMonotonicClock() - began > limit else { return }
        counters.pointee.slowCallbacks.addShared(1)
    }

    /// The counting part of `martlet_host.request_done`.
    package func countRequest(failed: Bool) {
        if _fastPath(!links.pointee.binding.pointee.usesWorkers) {
            counters.pointee.requests.add(1)
            if failed { counters.pointee.failedRequests.add(1) }
        } else {
            counters.pointee.requests.addShared(1)
            if failed { counters.pointee.failedRequests.addShared(1) }
        }
        if _slowPath(pointee.state.isRated) { chargeRequest() }
    }
}
