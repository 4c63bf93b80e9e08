import CMartlet

extension SimulatedConnection {
    /// Ends the connection now. `closed` is the session's last call; then what was lent is given back.
    func endConnection(_ reason: martlet_close_reason, reset: Bool) {
        guard outcome == nil else { return }
        successor = nil
        outcome = reset ? .reset(reason) : .closed(reason)
        if hasSession {
            hasSession = false
            moment = .closed
            if let closed = host.plugin.callbacks.closed {
                host.begin(.closed)
                closed(env, session, handle, reason)
            }
            moment = .idle
        }
        dropSession()
        dropReservation()
        timerDeadline = nil
        unread = []
        input = []
        loans += queue.drop()
        giveBackLoans()
    }

    /// The session is over; the peer stays connected, to another plugin.
    func endHandingOver(to listener: String) {
        endConnection(MARTLET_CLOSED_HANDED_OVER, reset: false)
        outcome = .handedOver(to: listener)
    }

    /// Moves output to the peer.
    func take(_ limit: Int) {
        let before = queue.count
        defer { progress += before - queue.count }
        do throws(OutputQueue.Fault) {
            try queue.take(min(limit, readBudget), into: &output, loans: &loans)
            readBudget -= before - queue.count
        } catch {
            switch error {
            case .lentMemoryChanged: violation("memory lent with write_shared changed before its release")
            case .fileTooShort: violation("a file sent with send_file is shorter than was said")
            }
            closeReason = MARTLET_CLOSED_RESET
            aborting = true
        }
    }

    /// Release functions run between callbacks, never inside one.
    func giveBackLoans() {
        let given = loans
        loans = []
        for loan in given {
            let lender = loan.lender ?? host
            if loan.release != nil { lender.begin(.release) }
            loan.giveBack()
            lender.loansGivenBack += 1
            lender.endIfIdle()
        }
    }

    func dropReservation() {
        guard let reservation else { return }
        if !reservation.fenceIsIntact { violation("wrote behind the memory that it reserved") }
        reservation.free()
        self.reservation = nil
    }
}
