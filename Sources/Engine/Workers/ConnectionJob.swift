/// A connection on its way to a worker and back, with the call to make there.
struct ConnectionJob: @unchecked Sendable {
    let connection: ConnectionPointer
    let call: SessionCall
    /// The mailbox of the loop to which it returns.
    let home: Mailbox
}

extension CallbackContextPointer {
    /// Makes the call on a worker. The connection belongs to this thread until it is sent home; by then its output is in the
    /// connection's queue.
    func run(_ job: ConnectionJob) -> SessionCallResult {
        let connection = job.connection
        let home = connection.links.pointee.context
        pointee.index = connection.environment.pointee.loop
        pointee.updateClock()
        workOn(connection)
        connection.links.pointee.context = self
        let began =
            connection.links.pointee.binding.pointee.slowCallback.load(ordering: .relaxed) == 0 ? 0 : pointee.now
        let result = call(connection, job.call)
        if began != 0 { connection.countSlowCallback(since: began) }
        if pointee.output.count > 0, !spillOutput(connection) {
            connection.pointee.closeReason = .noMemory
            connection.pointee.state.take(.mustAbort)
        }
        pointee.output.reset()
        runReleases()
        connection.links.pointee.context = home
        // A successor of this process applies the result if the loop no longer can.
        connection.noteReturn(result, of: connection.pointee.inputCount)
        workOn(nil)
        return result
    }

    private func call(_ connection: ConnectionPointer, _ call: SessionCall) -> SessionCallResult {
        let handle = OpaquePointer(connection)
        let binding = connection.links.pointee.binding
        pointee.running.pointee.begin(call.kind, binding.pointee.label)
        defer { pointee.running.pointee.end() }
        let env = binding.pointee.env
        var result = SessionCallResult()
        if case .handshake = call {
            // Without workers the process is ending.
            let transport = pointee.isWorker ? connection.links.pointee.transport?.pointee : nil
            let step = transport?.handshake(connection) ?? .failed
            result.status = step.rawValue
            return result
        }
        if case .closed(let reason, _) = call {
            binding.pointee.callbacks.closed?(env, connection.links.pointee.session, handle, UInt32(reason.rawValue))
            return result
        }
        connection.pointee.state.take(.callbackBegan)
        defer { connection.pointee.state.take(.callbackReturned) }
        let session = connection.links.pointee.session
        switch call {
        case .opened: result.status = connection.callOpened()
        case .received:
            let input = connection.links.pointee.input.map { $0 + connection.pointee.inputStart }
            result.status = binding.pointee.callbacks.received(
                env, session, handle, input?.assumingMemoryBound(to: UInt8.self), connection.pointee.inputCount,
                &result.consumed)
        case .signal(_, let function): function(env, session, handle)
        case .delivery(let delivery):
            delivery.function(env, delivery.context, handle, session)
            delivery.settle()
        case .handshake, .closed: break
        }
        return result
    }
}
