import CMartlet

/// The host functions that write: `reserve` to `send_file`.
extension SimulatedConnection {
    /// Whether calls are taken now that change the connection. One outside a callback is a violation; one in `closed` is not.
    func isTaken(_ function: StaticString) -> Bool {
        switch moment {
        case .idle: violation("\(function) outside a callback of the connection")
        case .moving: violation("\(function) inside save or restore")
        case .callback, .closed: break
        }
        return moment == .callback && !closing && !aborting && nextListener == nil
    }

    /// Whether output is taken now. Behind the plugin's own `close` it is a violation.
    private func takesOutput(_ function: StaticString) -> Bool {
        if moment == .callback, closedByPlugin {
            violation("wrote to a connection that it had closed", isAnswered: true)
        }
        return isTaken(function)
    }

    private func hasRoom(_ count: Int) -> Bool {
        count <= host.limits.outputHighWater + host.outputOverrun - queue.count
    }

    private func accepted() -> martlet_result {
        guard queue.count >= host.limits.outputHighWater else { return MARTLET_OK }
        toldFull = true
        return MARTLET_FULL
    }

    func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
        dropReservation()
        guard takesOutput("reserve"), count >= 0, hasRoom(count) else { return nil }
        let made = Reservation(count: count)
        reservation = made
        return made.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    }

    func commit(_ count: Int) -> martlet_result {
        guard takesOutput("commit") else { return MARTLET_ERROR_CLOSED }
        let reserved = reservation?.bytes.count ?? 0
        guard count >= 0, count <= reserved else {
            violation("committed \(count) bytes of \(reserved) reserved")
            fault()
            return MARTLET_ERROR_ARGUMENT
        }
        if let reservation { queue.append(Array(reservation.bytes[..<count])) }
        dropReservation()
        return accepted()
    }

    func write(_ data: UnsafeRawPointer?, _ count: Int) -> martlet_result {
        dropReservation()
        guard takesOutput("write") else { return MARTLET_ERROR_CLOSED }
        guard count > 0, let data else { return count == 0 ? MARTLET_OK : MARTLET_ERROR_ARGUMENT }
        guard hasRoom(count) else { return MARTLET_ERROR_MEMORY }
        queue.append(Array(UnsafeRawBufferPointer(start: data, count: count)))
        return accepted()
    }

    func writeShared(_ data: UnsafeRawPointer?, _ count: Int, _ loan: Loan) -> martlet_result {
        lend(loan, "write_shared", count: count, valid: count >= 0 && (data != nil || count == 0)) { loan in
            queue.append(shared: UnsafeRawBufferPointer(start: data, count: count), loan)
        }
    }

    func sendFile(_ file: Int32, offset: UInt64, length: UInt64, _ loan: Loan) -> martlet_result {
        let limit = UInt64(Int64.max)
        let valid = file >= 0 && offset <= limit && length <= limit - offset
        return lend(loan, "send_file", count: Int(clamping: length), valid: valid) { loan in
            queue.append(file: file, offset: offset, count: Int(length), loan)
        }
    }

    /// Whatever the result, the loan is given back exactly once, after the callback.
    private func lend(
        _ loan: Loan, _ function: StaticString, count: Int, valid: Bool, _ append: (Loan) -> Void
    ) -> martlet_result {
        var loan = loan
        loan.lender = host
        dropReservation()
        host.loansTaken += 1
        let isTaken = takesOutput(function)
        guard isTaken, valid, count > 0 else {
            loans.append(loan)
            if !isTaken { return MARTLET_ERROR_CLOSED }
            return valid ? MARTLET_OK : MARTLET_ERROR_ARGUMENT
        }
        append(loan)
        return accepted()
    }
}
