import CMartlet
import Engine
import PluginABI
import Synchronization
import Threads

/// Carries the state of an instance on, piece by piece: each `put` of its `save` passes a piece to where it goes.
final class StatePipe: Sendable {
    private struct Progress {
        var move = StateMove()
        var problem: StateRefusal?
        /// A piece is on its way.
        var isRestoring = false
    }

    private let source: InstanceStateFunctions
    nonisolated(unsafe) private let from: UnsafePointer<martlet_env>
    private let deadline: Deadline
    /// Takes a piece, and at the end nil. Returns what is wrong.
    private let take: @Sendable (_ data: UnsafePointer<UInt8>?, _ length: Int) -> StateRefusal?
    private let progress = Mutex(Progress())

    init(
        _ source: InstanceStateFunctions, _ from: UnsafePointer<martlet_env>, by deadline: Deadline,
        take: @escaping @Sendable (_ data: UnsafePointer<UInt8>?, _ length: Int) -> StateRefusal?
    ) {
        (self.source, self.from, self.deadline, self.take) = (source, from, deadline, take)
    }

    var move: StateMove { progress.withLock { $0.move } }

    /// Why it has not worked; nil: it has.
    var problem: StateRefusal? { progress.withLock { $0.problem } }

    var isRestoring: Bool { progress.withLock { $0.isRestoring } }

    /// Moves everything. Runs on a thread that may be abandoned.
    func run() {
        let pipe = Unmanaged.passUnretained(self).toOpaque()
        let saved = source.save(
            from, { Unmanaged<StatePipe>.fromOpaque($0!).takeUnretainedValue().put($1, $2) }, pipe)
        if saved != MARTLET_OK { note(StateRefusal(reason: "save returned \(saved)")) }
        guard problem == nil else { return }
        passOn(nil, 0)
    }

    private func put(_ data: UnsafeRawPointer?, _ length: Int) -> martlet_result {
        guard problem == nil else { return MARTLET_ERROR_CLOSED }
        guard let data, length > 0, length <= Self.pieceLimit else {
            note(
                StateRefusal(
                    reason: "save passed a piece of \(length) bytes, expected 1 to \(Self.pieceLimit)", isFault: true))
            return MARTLET_ERROR_ARGUMENT
        }
        guard !deadline.isOver else {
            note(StateRefusal(reason: "it takes longer than state_timeout"))
            return MARTLET_ERROR_CLOSED
        }
        passOn(data.assumingMemoryBound(to: UInt8.self), length)
        return problem == nil ? MARTLET_OK : MARTLET_ERROR_CLOSED
    }

    private func passOn(_ data: UnsafePointer<UInt8>?, _ length: Int) {
        progress.withLock { $0.isRestoring = true }
        let problem = take(data, length)
        progress.withLock { progress in
            progress.isRestoring = false
            if length > 0 {
                progress.move.pieces += 1
                progress.move.bytes += length
            }
        }
        if let problem { note(problem) }
    }

    /// The first problem is the cause of the others.
    private func note(_ problem: StateRefusal) {
        progress.withLock { if $0.problem == nil { $0.problem = problem } }
    }

    /// MARTLET_STATE_PIECE_LIMIT, which Swift does not import because it has a cast.
    static let pieceLimit = 1 << 20
}
