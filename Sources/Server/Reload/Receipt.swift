import ConfiguredInstances
import Instances
import PluginHost

/// The result of a reload, a rollback or a trial, per listener: for the log, `martlet reload` and `martlet status`.
package struct Receipt: Codable, Sendable, Equatable {
    package enum Outcome: String, Codable, Sendable {
        case unchanged, started, swapped, moved, stopped, refused
        /// A new generation is on trial; it failed its trial; the previous one is back.
        case trial, aborted, rolledBack

        /// For people: "rolled back". JSON has the raw value.
        package var text: String { self == .rolledBack ? "rolled back" : rawValue }
    }

    package struct Entry: Codable, Sendable, Equatable {
        /// Empty for what belongs to no listener, such as `martlet.toml`.
        package var listener: String
        package var outcome: Outcome
        /// "http 1.0.0 (3f2a9c81b0d4)", or the reason for a refusal.
        package var detail: String
        /// For a swap: what happened to the open sessions.
        package var moves: SessionMoves?
        /// For a swap of a plugin that moves its state.
        package var state: StateMove?

        package init(
            listener: String, outcome: Outcome, detail: String, moves: SessionMoves? = nil, state: StateMove? = nil
        ) {
            self.listener = listener
            self.outcome = outcome
            self.detail = detail
            self.moves = moves
            self.state = state
        }
    }

    package enum Result: String, Codable, Sendable {
        case done
        /// Refused, and nothing has changed.
        case refused
        /// Some listeners were refused, the others changed.
        case partial
    }

    package var cause: Cause
    /// Why a trial was aborted.
    package var abortReason: String?
    /// Counts the receipts of this process, from 1, which is the start.
    package var sequence: Int
    package var milliseconds: Double
    package var result: Result
    package var entries: [Entry]
    /// Keys of `martlet.toml` whose change takes effect only after a restart.
    package var needsRestart: [String]

    /// Something was refused.
    package var isRefused: Bool { result != .done }

    package init(
        cause: Cause = .reload, abortReason: String? = nil, sequence: Int = 0, milliseconds: Double = 0, result: Result,
        entries: [Entry],
        needsRestart: [String] = []
    ) {
        self.cause = cause
        self.abortReason = abortReason
        self.sequence = sequence
        self.milliseconds = milliseconds
        self.result = result
        self.entries = entries
        self.needsRestart = needsRestart
    }
}
