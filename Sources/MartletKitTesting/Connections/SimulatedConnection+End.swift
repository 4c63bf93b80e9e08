import CMartlet
import MartletKit

extension SimulatedConnection {
    /// Ends the connection now. `closed` is the session's last call; then what was lent is given back.
    func endConnection(_ reason: CloseReason, reset: Bool) {
        guard end == nil else { return }
        end = reset ? .reset(reason) : .closed(reason)
        if let session {
            self.session = nil
            moment = .closed
            host.plugin.closed(session, handle, reason.rawValue)
            moment = .idle
        }
        dropReservation()
        timerDeadline = nil
        unread = []
        input = []
        loans += queue.drop()
        giveBackLoans()
    }

    /// Moves output to the peer.
    func take(_ limit: Int) {
        do throws(OutputQueue.Fault) {
            try queue.take(limit, into: &output, loans: &loans)
        } catch {
            switch error {
            case .lentMemoryChanged: violation("memory lent with write_shared changed before its release")
            case .fileTooShort: violation("a file sent with send_file is shorter than was said")
            }
            closeReason = .reset
            aborting = true
        }
    }

    /// Release functions run between callbacks, never inside one.
    func giveBackLoans() {
        let given = loans
        loans = []
        for loan in given {
            host.loansGivenBack += 1
            loan.giveBack()
        }
    }

    func dropReservation() {
        guard let reservation else { return }
        if !reservation.fenceIsIntact { violation("wrote behind the memory that it reserved") }
        reservation.free()
        self.reservation = nil
    }
}
