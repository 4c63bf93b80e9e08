import Glibc

extension EchoRun {
    /// Why a connection is over. Only `done` is a success.
    enum Ending {
        case done
        case wrong(EchoStream.Verdict)
        case closedByServer
        case failed(code: Int32)
        case timedOut
    }

    /// Counts how a connection ended; `missing` is how many bytes it still waited for.
    mutating func count(_ ending: Ending, missing: UInt64, onConnection index: Int) {
        switch ending {
        case .done:
            return
        case .wrong(let verdict):
            tally.mismatches += 1
            note(index, verdict.description)
            return
        case .closedByServer:
            tally.truncations += 1
            note(index, "closed by the server, \(missing) bytes missing")
        case .failed(let code) where code == ECONNRESET || code == EPIPE:
            tally.resets += 1
            note(index, "reset, \(missing) bytes missing")
        case .failed(let code):
            tally.errors += 1
            note(index, "\(String(cString: strerror(code))), \(missing) bytes missing")
        case .timedOut:
            tally.timeouts += 1
            let reason = missing > 0 ? "\(missing) bytes missing" : "not closed by the server after our half-close"
            note(index, "no progress for \(load.answerTimeout), \(reason)")
        }
        tally.missingBytes += missing
    }

    private mutating func note(_ index: Int, _ failure: String) {
        if tally.firstFailure == nil { tally.firstFailure = "connection \(index): \(failure)" }
    }
}
