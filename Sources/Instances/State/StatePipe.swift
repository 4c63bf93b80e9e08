import CMartlet
import Engine
import PluginABI
import Synchronization
import Threads

/// Carries the state of one instance to another, piece by piece: the `put` of one calls the `restore` of the other.
final class StatePipe: Sendable {
    private struct Progress {
        var move = StateMove()
        var problem: StateRefusal?
        /// The other instance is reading a piece.
        var isRestoring = false
    }

    private let source: InstanceStateFunctions
    private let target: InstanceStateFunctions
    nonisolated(unsafe) private let from: UnsafePointer<martlet_env>
    nonisolated(unsafe) private let to: UnsafePointer<martlet_env>
    private let deadline: Deadline
    /// Makes each call of `restore`.
    private let callRestore: @Sendable (() -> martlet_result) -> martlet_result
    private let progress = Mutex(Progress())

    init(
        _ source: InstanceStateFunctions, _ from: UnsafePointer<martlet_env>, _ target: InstanceStateFunctions,
        _ to: UnsafePointer<martlet_env>, by deadline: Deadline,
        callRestore: @escaping @Sendable (() -> martlet_result) -> martlet_result
    ) {
        (self.source, self.from, self.target, self.to, self.deadline) = (source, from, target, to, deadline)
        self.callRestore = callRestore
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
        if saved != MARTLET_OK { note("save returned \(saved)") }
        guard problem == nil else { return }
        restore(nil, 0)
    }

    private func put(_ data: UnsafeRawPointer?, _ length: Int) -> martlet_result {
        guard problem == nil else { return MARTLET_ERROR_CLOSED }
        guard let data, length > 0, length <= Self.pieceLimit else {
            note("save passed a piece of \(length) bytes, expected 1 to \(Self.pieceLimit)", isFault: true)
            return MARTLET_ERROR_ARGUMENT
        }
        guard !deadline.isOver else {
            note("it takes longer than state_timeout")
            return MARTLET_ERROR_CLOSED
        }
        restore(data.assumingMemoryBound(to: UInt8.self), length)
        return problem == nil ? MARTLET_OK : MARTLET_ERROR_CLOSED
    }

    private func restore(_ data: UnsafePointer<UInt8>?, _ length: Int) {
        progress.withLock { $0.isRestoring = true }
        let result = callRestore { target.restore(to, source.versions.version, data, length) }
        progress.withLock { progress in
            progress.isRestoring = false
            if length > 0 {
                progress.move.pieces += 1
                progress.move.bytes += length
            }
        }
        if result != MARTLET_OK { note("restore returned \(result)") }
    }

    /// The first problem is the cause of the others.
    private func note(_ reason: String, isFault: Bool = false) {
        progress.withLock { progress in
            if progress.problem == nil { progress.problem = StateRefusal(reason: reason, isFault: isFault) }
        }
    }

    /// MARTLET_STATE_PIECE_LIMIT, which Swift does not import because it has a cast.
    private static let pieceLimit = 1 << 20
}
