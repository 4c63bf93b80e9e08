import Synchronization
import Threads

extension EventLoop {
    /// The result of a scan of all connections of a loop.
    package struct Scan<Sum: Sendable>: Sendable {
        package var sum: Sum
        /// False: the loop stopped turning during the scan. The scan continues when the loop turns again, but no caller receives
        /// its result.
        package var isComplete: Bool
    }

    /// Goes through the connections of the loop, one piece per turn, so that its peers are served in between. Waits for the end as
    /// long as pieces complete.
    ///
    /// - Parameter body: handles the piece with this number and returns the number of the next one; nil: this was the last.
    package func scan<Sum: Sendable>(
        _ initial: Sum, _ body: @escaping @Sendable (LoopPointer, Int, inout Sum) -> Int?
    ) -> Scan<Sum> {
        startScan(initial, body).wait()
    }

    /// Starts such a scan. Several loops scan at the same time.
    package func startScan<Sum: Sendable>(
        _ initial: Sum, _ body: @escaping @Sendable (LoopPointer, Int, inout Sum) -> Int?
    ) -> RunningScan<Sum> {
        let scan = RunningScan(self, ScanProgress(initial), wasStuck: isStuck)
        step(0, scan.progress, body)
        return scan
    }

    fileprivate func wait<Sum: Sendable>(for progress: ScanProgress<Sum>) -> Scan<Sum> {
        var seen = -1
        while true {
            let turn = turns
            if progress.end.wait(until: patience.deadline) != nil {
                return Scan(sum: progress.state.withLock { $0.sum }, isComplete: true)
            }
            let now = progress.state.withLock { $0.pieces }
            if now == seen {
                noteMiss(since: turn)
                return Scan(sum: progress.state.withLock { $0.sum }, isComplete: false)
            }
            seen = now
        }
    }

    /// Starts such a scan without waiting for it.
    package func beginScan(_ body: @escaping @Sendable (LoopPointer, Int) -> Int?) {
        step(0, ScanProgress(())) { core, piece, _ in body(core, piece) }
    }

    private func step<Sum: Sendable>(
        _ piece: Int, _ progress: ScanProgress<Sum>,
        _ body: @escaping @Sendable (LoopPointer, Int, inout Sum) -> Int?
    ) {
        run { [self] core in
            var sum = progress.state.withLock { $0.sum }
            let next = body(core, piece, &sum)
            progress.state.withLock { state in
                state.sum = sum
                state.pieces += 1
            }
            if let next { step(next, progress, body) } else { progress.end.set(true) }
        }
    }
}

/// A scan that has begun.
package struct RunningScan<Sum: Sendable>: Sendable {
    private let loop: EventLoop
    fileprivate let progress: ScanProgress<Sum>
    private let wasStuck: Bool

    fileprivate init(_ loop: EventLoop, _ progress: ScanProgress<Sum>, wasStuck: Bool) {
        (self.loop, self.progress, self.wasStuck) = (loop, progress, wasStuck)
    }

    /// Waits for the end as long as pieces complete.
    package func wait() -> EventLoop.Scan<Sum> {
        guard wasStuck else { return loop.wait(for: progress) }
        return EventLoop.Scan(sum: progress.state.withLock { $0.sum }, isComplete: false)
    }
}

private final class ScanProgress<Sum: Sendable>: Sendable {
    struct State {
        var sum: Sum
        var pieces = 0
    }

    let state: Mutex<State>
    let end = Reply<Bool>()

    init(_ sum: Sum) { state = Mutex(State(sum: sum)) }
}
