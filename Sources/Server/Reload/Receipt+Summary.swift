extension Receipt {
    /// What made a receipt.
    package enum Cause: Codable, Sendable, Equatable {
        /// A reload of the folder. The start is the first one.
        case reload
        /// `martlet rollback` of a listener.
        case rollback(listener: String)
        /// The end of a trial. The reason is nil when the new generation took over.
        case trial(listener: String, abortedBecause: String?)
    }

    /// One line that says what happened, for the log and `martlet status`.
    package var summary: String {
        switch cause {
        case .reload: "reload \(sequence) \(outcome)"
        case .rollback(let listener): "rollback of \(listener) \(outcome)"
        case .trial(let listener, nil): "trial of \(listener) passed: the new generation has taken over"
        case .trial(let listener, let reason?):
            "trial of \(listener) aborted: \(reason); the generation before has all connections again"
        }
    }

    private var outcome: String {
        switch result {
        case .done: "done"
        case .partial: "done in part"
        case .refused: "refused, nothing has changed"
        }
    }
}
