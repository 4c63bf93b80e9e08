import Glibc
import Synchronization
import Threads

/// Lets an engine stand still, so that another process can take over its connections: first its callbacks, then its loops.
package final class EngineStandstill: Sendable {
    private enum Phase {
        case standing
        /// It goes on without these; nil: with all.
        case over(SlotSet?)
    }

    /// What has come of the attempt.
    package struct Standing: Codable, Sendable {
        /// There are no later portions.
        package var isLast: Bool

        package init(isLast: Bool) { self.isLast = isLast }
    }

    /// Of the connections in a portion, in all loops: peers wait while so many are taken over.
    private static let portionChunks = 8

    private let engine: Engine
    /// Chunks of each loop.
    private let portion: Range<Int>
    private let phase = Mutex(Phase.standing)
    private let end = Reply<Bool>()

    /// - Parameter portion: the number of the portion of connections that are to be taken over: some chunks of each loop, and in each
    ///   portion the connections that belong together. nil: all connections.
    package convenience init(_ engine: Engine, portion: Int?) {
        let count = max(1, Self.portionChunks / engine.loops.count)
        self.init(engine, chunks: portion.map { $0 * count..<($0 + 1) * count } ?? 0..<Int.max)
    }

    init(_ engine: Engine, chunks: Range<Int> = 0..<Int.max) { (self.engine, portion) = (engine, chunks) }

    /// Waits for a moment until the connections are parked. What is busy for longer stays as it is.
    ///
    /// - Parameters:
    ///   - patience: milliseconds, for the connections and then for the loops.
    ///   - standing: milliseconds after which everything goes on by itself.
    /// - Returns: nil: a loop does not stand still, and everything goes on.
    package func begin(patience: UInt64, standing: UInt64) -> Standing? {
        let deadline = Deadline.after(milliseconds: patience)
        while !isParked(by: deadline), !deadline.isOver { usleep(200) }
        let expiry = Deadline.after(milliseconds: standing)
        let loops = engine.loops.map { loop in
            let (arrival, readiness) = (Reply<Int>(), Reply<Bool>())
            loop.run { [self] core in
                arrival.set(core.chunkCount)
                stand(core, readiness, until: expiry)
            }
            return (arrival, readiness)
        }
        // The peers of the other loops wait meanwhile.
        let late = Deadline.after(milliseconds: patience)
        let counts = loops.compactMap { $0.0.wait(until: late) }
        guard counts.count == loops.count, loops.allSatisfy({ $0.1.wait(until: expiry) != nil }) else {
            _ = goOn(without: nil)
            return nil
        }
        return Standing(isLast: counts.allSatisfy { $0 <= portion.upperBound })
    }

    /// Parks the connections of the portion that are not busy. Whether there are no others, and nothing of a plugin is outstanding.
    private func isParked(by deadline: Deadline) -> Bool {
        let counts = engine.loops.map { loop in
            let left = Reply<Int>()
            loop.run { [portion] in left.set($0.park(chunks: portion)) }
            return left
        }
        return counts.allSatisfy { $0.wait(until: deadline) == 0 }
    }

    /// Lets everything go on without these connections, and without new ones; nil: as it was. False: it goes on already, as it was.
    package func goOn(without taken: SlotSet?) -> Bool {
        let isDone = phase.withLock { phase in
            guard case .standing = phase else { return false }
            phase = .over(taken)
            return true
        }
        end.set(true)
        return isDone
    }

    /// On a loop.
    private func stand(_ core: LoopPointer, _ readiness: Reply<Bool>, until expiry: Deadline) {
        var piece: Int? = 0
        while let next = piece { piece = core.saveForDeparture(piece: next) }
        readiness.set(true)
        _ = end.wait(until: expiry)
        let taken = phase.withLock { phase -> SlotSet? in
            if case .over(let taken) = phase { return taken }
            phase = .over(nil)
            return nil
        }
        if taken != nil { core.leaveSockets() }
        piece = 0
        while let next = piece { piece = core.depart(taken ?? SlotSet(), piece: next) }
        core.unsettleAll()
    }
}
