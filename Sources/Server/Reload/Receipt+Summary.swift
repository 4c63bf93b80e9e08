extension Receipt {
    /// The operation that a receipt reports.
    package enum Cause: String, Codable, Sendable {
        /// A reload of the folder. The start is the first one.
        case reload
        /// `martlet rollback` of a listener.
        case rollback
        /// The end of a listener's trial.
        case trial
        /// A plugin has ended its host too often.
        case crash
    }

    /// One line that says what happened, for the log and `martlet status`.
    package var summary: String {
        let listener = entries.first?.listener ?? ""
        switch cause {
        case .reload: return "reload \(sequence) \(outcome)"
        case .crash: return "crashes of \(listener): \(entries.first?.outcome.text ?? "")"
        case .rollback: return "rollback of \(listener) \(outcome)"
        case .trial:
            guard let abortReason else { return "trial of \(listener) passed: the new generation has taken over" }
            return "trial of \(listener) aborted: \(abortReason); the previous generation has all connections again"
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
