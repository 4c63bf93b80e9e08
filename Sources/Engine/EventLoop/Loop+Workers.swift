/// Connections whose callbacks run on the worker pool (`dispatch = "workers"`).
///
/// Such a connection is handed over whole for one call. Meanwhile the loop serves others and records what happens to the
/// connection. When it comes back, the loop continues where it stopped. So calls of one connection keep their order and never
/// overlap, and its state needs no lock. The loop reads and sends; the worker only calls the plugin.
extension LoopPointer {
    func handOver(_ connection: ConnectionPointer, _ call: SessionCall) {
        if case .closed = call {
            cutTies(connection)
            connection.pointee.state.take(.ended)
        }
        connection.noteCall(call.kind)
        connection.pointee.place = .worker
        pointee.away[connection.pointee.index] = AwayRecord()
        let job = ConnectionJob(connection: connection, call: call, home: pointee.mailbox)
        // A full queue is backpressure: the connection waits, and nothing is read from its peer.
        let share = ObjectIdentifier(connection.links.pointee.binding.pointee.admission.workShare)
        guard pointee.waitingJobs[share] == nil, submit(job) else {
            connection.counters.pointee.hits.hit(.workerQueue)
            return pointee.waitingJobs[share, default: Queue()].append(job)
        }
    }

    private func submit(_ job: ConnectionJob) -> Bool {
        switch pointee.workers.submit(job) {
        case .taken: return true
        case .full: return false
        case .stopping:
            // The process is ending: the loop makes the last calls itself.
            pointee.mailbox.send(.returned(job, context.run(job)))
            return true
        }
    }

    func submitWaitingJobs() {
        for (share, waiting) in pointee.waitingJobs {
            var waiting = waiting
            while let job = waiting.first, submit(job) { _ = waiting.takeFirst() }
            pointee.waitingJobs[share] = waiting.count == 0 ? nil : waiting
        }
    }

    /// Records what happens to a connection that a worker has.
    func awayRecord(_ connection: ConnectionPointer, _ change: (inout AwayRecord) -> Void) {
        change(&pointee.away[connection.pointee.index, default: AwayRecord()])
    }

    /// Takes a connection back from a worker.
    func finish(_ job: ConnectionJob, _ result: SessionCallResult) {
        let connection = job.connection
        context.workOn(connection)
        connection.pointee.place = .loop
        connection.pointee.lastActivity = context.pointee.milliseconds
        var record = pointee.away.removeValue(forKey: connection.pointee.index) ?? AwayRecord()
        if record.isQueued { connection.pointee.state.take(.dequeued) }
        if case .handshake = job.call { return finishHandshake(connection, result, &record) }
        if record.moves, connection.pointee.state.life != .ended { connection.pointee.state.take(.mustMove) }
        record.moves = false
        if let origin = record.origin {
            record.origin = nil
            goBack(connection, to: origin)
        }
        finishCall(job, result)
        catchUp(connection, &record)
        if connection.pointee.place == .worker {
            awayRecord(connection) { $0.prepend(&record) }
        } else if isHere(connection) {
            rearmTimer(connection)
            if record.isQueued { enqueue(connection) }
        } else {
            while let delivery = record.deliveries.takeFirst() { cancel(delivery) }
            record.takeMessages { _ in }
        }
    }

    /// Takes a connection back that has no session yet.
    private func finishHandshake(
        _ connection: ConnectionPointer, _ result: SessionCallResult, _ record: inout AwayRecord
    ) {
        // The plugin does not know it yet.
        while let delivery = record.deliveries.takeFirst() { cancel(delivery) }
        if let reason = record.end { return endConnection(connection, reason, reset: true) }
        let own = connection.links.pointee.binding.own
        if record.moves, own.pointee.stillness != .none {
            // No session begins now. The step is made again.
            connection.pointee.state.take(.parked)
        } else {
            if record.moves, let successor = own.pointee.successor { rebind(connection, to: successor) }
            finishHandshake(connection, HandshakeStep(rawValue: result.status) ?? .failed)
        }
        // `opened` may run on a worker too.
        if connection.pointee.place == .worker { return awayRecord(connection) { $0.prepend(&record) } }
        guard !connection.pointee.state.isVacant else { return }
        if connection.pointee.state.life == .handshake {
            // Nobody waits for a session that has not begun.
            if record.drains { return endConnection(connection, .shutdown, reset: true) }
            rearmTimer(connection)
        }
        if record.isQueued { enqueue(connection) }
        if record.drains, isHere(connection) { drain(connection) }
        // The peer may have answered before the worker was done.
        if record.events != 0 { handle(connection, record.events) }
    }

    private func finishCall(_ job: ConnectionJob, _ result: SessionCallResult) {
        let connection = job.connection
        switch job.call {
        // Is finished elsewhere.
        case .handshake: break
        case .opened: finishOpened(connection, result.status)
        case .received:
            let count = connection.pointee.inputCount
            finishReceived(connection, leftover(connection, result, of: count), of: count)
        case .signal, .delivery: applyEffects(connection)
        case .closed(_, let next):
            dropSession(connection)
            continueAfterClosed(connection, next)
        }
    }

    /// Handles what happened meanwhile, in order, until a worker gets the connection again or it ends.
    private func catchUp(_ connection: ConnectionPointer, _ record: inout AwayRecord) {
        while isHere(connection) {
            if let reason = record.end {
                endConnection(connection, reason, reset: true)
            } else if record.messageBytes > 0 {
                record.takeMessages { add($0, to: connection) }
            } else if let delivery = record.deliveries.takeFirst() {
                deliver(delivery)
            } else if record.drains {
                record.drains = false
                drain(connection)
            } else if record.events != 0 {
                let events = record.events
                record.events = 0
                handle(connection, events)
            } else {
                return
            }
        }
    }
}
