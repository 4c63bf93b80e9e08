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

    private let engine: Engine
    private let phase = Mutex(Phase.standing)
    private let end = Reply<Bool>()

    package init(_ engine: Engine) { self.engine = engine }

    /// Waits for a moment until the connections are parked. What is busy for longer stays as it is.
    ///
    /// - Parameters:
    ///   - patience: milliseconds.
    ///   - standing: milliseconds after which everything goes on by itself.
    /// - Returns: false: a loop does not stand still, and everything goes on.
    package func begin(patience: UInt64, standing: UInt64) -> Bool {
        let deadline = Deadline.after(milliseconds: patience)
        for loop in engine.loops { loop.run { $0.settleAll() } }
        while isBusy, !deadline.isOver { usleep(200) }
        let expiry = Deadline.after(milliseconds: standing)
        let arrivals = engine.loops.map { loop in
            let arrival = Reply<Bool>()
            loop.run { [self] core in stand(core, arrival, until: expiry) }
            return arrival
        }
        for arrival in arrivals where arrival.wait(until: expiry) == nil {
            _ = goOn(without: nil)
            return false
        }
        return true
    }

    private var isBusy: Bool {
        engine.loops.contains { loop in
            let scan = loop.scan(0) { core, piece, left in
                let result = core.park(nil, piece: piece)
                left += result.left + (core.isExpectingMore ? 1 : 0)
                return result.next
            }
            return scan.sum > 0
        }
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
    private func stand(_ core: LoopPointer, _ arrival: Reply<Bool>, until expiry: Deadline) {
        var piece: Int? = 0
        while let next = piece { piece = core.saveForDeparture(piece: next) }
        arrival.set(true)
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
