// The life of a call: waiting, sent, perhaps a pause and sent again, finished.

extension Pool {
    /// Takes a call. Its end is an action `finish`.
    mutating func submit(
        _ request: Request, retry: MartletClient.Retry, timeout: Duration, nowMilliseconds now: UInt64
    ) -> SlotID {
        let deadline = now + timeout.wholeMilliseconds
        let id = calls.insert(
            Call(request: request, retry: retry, timeout: timeout, deadlineMilliseconds: deadline))
        waitingCount += 1
        callDeadlineBound = min(callDeadlineBound, deadline)
        queue.append(id)
        if isClosing {
            fail(id, .closed)
        } else if waitingCount > settings.maximumWaitingCalls {
            dispatch(now)
            if case .waiting? = calls[id]?.state { fail(id, .queueFull(limit: settings.maximumWaitingCalls)) }
        }
        return id
    }

    /// The caller waits no longer. An answer that comes later is dropped.
    mutating func cancel(_ id: SlotID) {
        guard let call = calls[id] else { return }
        fail(id, .cancelled, mayHaveBeenExecuted: abandon(call))
    }

    /// Finishes everything at once.
    mutating func abort() {
        isClosing = true
        for id in calls.ids { if let call = calls[id] { fail(id, .closed, mayHaveBeenExecuted: abandon(call)) } }
        stop()
    }

    /// Refuses new calls, and stops when the others are finished.
    mutating func close() { isClosing = true }

    mutating func stop() {
        for id in connections.ids { closeConnection(id) }
        perform(.stop)
    }

    // MARK: Ends

    mutating func fail(
        _ id: SlotID, _ reason: MartletClientError.Reason, mayHaveBeenExecuted: Bool = false, server: String? = nil
    ) {
        guard let call = calls[id] else { return }
        let error = MartletClientError(
            server: server ?? serverName, call: call.request.name, reason: reason,
            mayHaveBeenExecuted: mayHaveBeenExecuted)
        finish(id, .failure(error))
    }

    mutating func finish(_ id: SlotID, _ result: Result<Reply, MartletClientError>) {
        guard let call = calls.remove(id) else { return }
        switch call.state {
        case .sent: break
        case .waiting: waitingCount -= 1
        case .pausing: (waitingCount, pausingCount) = (waitingCount - 1, pausingCount - 1)
        }
        perform(.finish(id, result))
    }

    /// The answer to a request that was sent will be dropped. Returns whether it may have been executed.
    private mutating func abandon(_ call: Call) -> Bool {
        guard case .sent(let connection, let requestID) = call.state,
            let entry = connections[connection]?.requests.abandon(requestID)
        else { return false }
        return connections[connection]?.mayHaveArrived(entry) ?? false
    }

    // MARK: Another attempt

    /// The connection was lost before the answer.
    mutating func connectionLost(
        _ id: SlotID, _ failure: ConnectionFailure, mayHaveArrived: Bool, server: String, _ now: UInt64
    ) {
        guard let call = calls[id] else { return }
        guard mayHaveArrived else {
            // The attempt does not count: nobody has seen it.
            calls[id]?.attempts -= 1
            return call.retry == .never ? fail(id, .disconnected(failure), server: server) : wait(id, at: .front)
        }
        guard call.mayRepeat else {
            return fail(id, .unknownOutcome(failure), mayHaveBeenExecuted: true, server: server)
        }
        guard call.retry != .never, call.attempts < settings.retry.attempts else {
            return fail(id, .disconnected(failure), mayHaveBeenExecuted: true, server: server)
        }
        // The first time another connection may be there at once. Connecting has a back-off of its own.
        if call.attempts == 1 { wait(id, at: .front) } else { pause(id, call, now) }
    }

    /// The server cannot tell whether it has executed it.
    mutating func storeLost(_ id: SlotID, _ text: String, server: String, _ now: UInt64) {
        guard let call = calls[id] else { return }
        guard call.mayRepeat else {
            return fail(id, .unknownOutcome(.storeLost(text: text)), mayHaveBeenExecuted: true, server: server)
        }
        guard call.retry != .never, call.attempts < settings.retry.attempts else {
            return fail(id, .refused(.outcomeUnknown, text: text), mayHaveBeenExecuted: true, server: server)
        }
        pause(id, call, now)
    }

    /// The server has not executed it, and asks to come back later, here or elsewhere.
    mutating func turnedAway(_ id: SlotID, _ reason: MartletClientError.Reason, elsewhere: Bool, _ now: UInt64) {
        guard let call = calls[id] else { return }
        guard call.retry != .never, call.attempts < settings.retry.attempts else { return fail(id, reason) }
        if elsewhere, call.attempts == 1 { wait(id, at: .front) } else { pause(id, call, now) }
    }

    enum Place { case front, back }

    /// Makes a call that was sent wait for another connection.
    mutating func wait(_ id: SlotID, at place: Place) {
        calls[id]?.state = .waiting
        waitingCount += 1
        if place == .front { queue.prepend(id) } else { queue.append(id) }
    }

    private mutating func pause(_ id: SlotID, _ call: Call, _ now: UInt64) {
        let until = now + backOff.milliseconds(afterFailures: call.attempts)
        calls[id]?.state = .pausing(untilMilliseconds: until)
        waitingCount += 1
        pausingCount += 1
        pausing.append(id)
        pauseBound = min(pauseBound, until)
    }

    // MARK: Time

    mutating func endPauses(_ now: UInt64) {
        guard now >= pauseBound else { return }
        pauseBound = .max
        let paused = pausing
        pausing = []
        for id in paused {
            guard case .pausing(let until)? = calls[id]?.state else { continue }
            if until <= now {
                calls[id]?.state = .waiting
                pausingCount -= 1
                queue.append(id)
            } else {
                pausing.append(id)
                pauseBound = min(pauseBound, until)
            }
        }
    }

    mutating func expireCalls(_ now: UInt64) {
        guard now >= callDeadlineBound else { return }
        callDeadlineBound = .max
        var next = UInt64.max
        var due: [SlotID] = []
        calls.visit { id, call in
            if call.deadlineMilliseconds <= now { due.append(id) } else { next = min(next, call.deadlineMilliseconds) }
        }
        callDeadlineBound = next
        for id in due { expire(id) }
    }

    private mutating func expire(_ id: SlotID) {
        guard let call = calls[id] else { return }
        let mayHaveBeenExecuted = abandon(call)
        if mayHaveBeenExecuted, !call.mayRepeat {
            fail(id, .unknownOutcome(.answerTimedOut(call.timeout)), mayHaveBeenExecuted: true)
        } else {
            fail(id, .timedOut(call.timeout, lastFailure), mayHaveBeenExecuted: mayHaveBeenExecuted)
        }
    }
}
