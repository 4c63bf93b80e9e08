import Threads

/// Rows of a statement that its asker gets in batches, at its own pace.
///
/// A thread of the database reads a batch, gives it, and waits for the next question with the statement open. Where no thread may wait,
/// all batches are kept here instead. On any thread.
package final class Cursor: @unchecked Sendable {
    package typealias Answer = @Sendable (Job.Outcome) -> Void

    private enum State {
        /// Rows are read for somebody.
        case asked(Answer)
        /// There are more rows. Since: CLOCK_MONOTONIC, nanoseconds.
        case idle(since: UInt64)
        /// There are no more. The error is for whoever asks next.
        case over(DatabaseError?)
    }

    /// Why a question was not taken.
    package enum Refusal { case isAsked, isOver }

    /// A batch ends with the row with which it has so many bytes.
    package let batchBytes: Int
    /// Who may ask: names the generations of a listener.
    package let owner: ObjectIdentifier?
    /// 0: it is in no directory.
    package internal(set) var number: UInt64 = 0

    private let monitor = Monitor()
    // Guarded by the monitor.
    private var state: State
    private var currentOrigin: Job.Origin
    /// When the batch that is asked for must have been read: CLOCK_MONOTONIC, nanoseconds.
    private var end: UInt64 = .max
    /// It has given rows, so its statement cannot run again.
    private var hasGivenRows = false
    /// How it ends after the batch that is being read; nil: it does not.
    private var ending: State?
    private var kept: ArraySlice<StatementResult> = []

    /// - Parameter answer: gets the first batch.
    package init(
        batchBytes: Int, origin: Job.Origin = Job.Origin(), owner: ObjectIdentifier? = nil, answer: @escaping Answer
    ) {
        (self.batchBytes, self.owner) = (batchBytes, owner)
        (currentOrigin, state) = (origin, .asked(answer))
    }

    /// For whom it is.
    package var origin: Job.Origin { monitor.locked { currentOrigin } }

    /// How long nobody has asked; nil: somebody has, or it is over.
    package func idleNanoseconds(at now: UInt64) -> UInt64? {
        monitor.locked { if case .idle(let since) = state { now - min(since, now) } else { nil } }
    }

    package var isOver: Bool { monitor.locked { if case .over = state { true } else { false } } }

    /// Its statement may run again from the beginning.
    package var canBeginAgain: Bool { monitor.locked { !hasGivenRows } }

    // MARK: For the asker

    /// Asks for the next batch. nil: it is answered, maybe before the call returns.
    ///
    /// - Parameters:
    ///   - label: the instance that asks.
    ///   - end: when the batch must have been read.
    package func ask(label: UInt32, end: UInt64 = .max, _ answer: @escaping Answer) -> Refusal? {
        var result: Job.Outcome?
        let refusal = monitor.locked { () -> Refusal? in
            switch state {
            case .asked: return .isAsked
            case .over(nil): return .isOver
            case .over(let error?):
                (state, result) = (.over(nil), .failure(error))
            case .idle:
                currentOrigin.label = label
                if let batch = kept.popFirst() {
                    state = kept.isEmpty ? .over(nil) : .idle(since: readMonotonicClock())
                    result = .success([batch])
                } else {
                    (state, self.end) = (.asked(answer), end)
                    monitor.broadcast()
                }
            }
            return nil
        }
        if let result { answer(result) }
        return refusal
    }

    /// Nobody asks any more. The answer that is on its way is the last.
    package func close() { finish(.over(nil)) }

    /// It cannot go on. Whoever asks next gets the error.
    package func interrupt(_ error: DatabaseError) { finish(.over(error)) }

    private func finish(_ new: State) {
        monitor.locked {
            switch state {
            case .asked:
                if case .over(nil) = ending {} else { ending = new }
            case .idle: state = new
            case .over(let error):
                if error != nil, case .over(nil) = new { state = new }
            }
            kept = []
            monitor.broadcast()
        }
    }

    // MARK: For the database

    /// Answers whoever has asked. Nobody may have: then an error is kept for the next one.
    package func answer(_ outcome: Job.Outcome) {
        var (outcome, asker) = (outcome, Answer?.none)
        monitor.locked {
            guard case .asked(let answer) = state else {
                if case .idle = state { state = .over(outcome.error) }
                return
            }
            asker = answer
            state = .over(nil)
            guard case .success(let results) = outcome, results.last?.isPartial == true else { return }
            hasGivenRows = true
            switch ending {
            case .over(nil):
                // Closed: it is the last batch for the asker too.
                outcome = .success(results.map { $0.whole })
            case .over(let error?): state = .over(error)
            default: state = .idle(since: readMonotonicClock())
            }
        }
        asker?(outcome)
    }

    /// Waits for the next question. Returns when its batch must have been read; nil: it is over.
    ///
    /// - Parameters:
    ///   - patience: how long nobody may ask. Nanoseconds; 0: for ever.
    ///   - lastEnd: it ends then, whoever asks.
    package func waitForQuestion(patience: UInt64, until lastEnd: UInt64) -> UInt64? {
        monitor.locked {
            while case .idle(let since) = state {
                let isLate = patience > 0 && readMonotonicClock() >= since.adding(saturating: patience)
                if isLate || readMonotonicClock() >= lastEnd {
                    state = .over(isLate ? Self.forgotten : Self.tooOld)
                    return nil
                }
                // A time that pthread_cond_timedwait(3) can hold.
                monitor.wait(until: min(patience > 0 ? since.adding(saturating: patience) : .max, lastEnd, 1 << 62))
            }
            if case .asked = state { return end }
            return nil
        }
    }

    static let forgotten = DatabaseError(.timeout, "nobody has asked for more rows in time (cursor_timeout)")
    static let tooOld = DatabaseError(.timeout, "it has been open for as long as a connection may be (max_lifetime)")

    /// Keeps batches that are read already, for the questions to come.
    package func keep(_ batches: ArraySlice<StatementResult>) { monitor.locked { kept = batches } }
}

extension Job.Outcome {
    fileprivate var error: DatabaseError? { if case .failure(let error) = self { error } else { nil } }
}

extension StatementResult {
    fileprivate var whole: StatementResult {
        var result = self
        result.isPartial = false
        return result
    }
}
