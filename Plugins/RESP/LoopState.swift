import MartletKit

/// What the sessions of one event loop share.
struct LoopState {
    static let sweepMilliseconds: Int64 = 500
    /// Looked at in one sweep: about 0.5 ms.
    static let keysOfSweep = 10_000

    private var clock = Clock()
    /// The time of the last callback, and of the ticks since then but the first; 0: there was none.
    private var lastMilliseconds: Int64 = 0
    private var isFirstTick = true

    /// Milliseconds since 1970, as of the current callback.
    @inline(__always)
    mutating func milliseconds(_ connection: Connection<RESP>) -> Int64 {
        let now = clock.milliseconds(connection)
        lastMilliseconds = now
        isFirstTick = true
        return now
    }

    /// The time in a tick of the sweep, which has no clock. Never later than the true time: the first tick may come at once
    /// after a callback, and others may be left out. nil: there was no callback yet.
    mutating func nextTick() -> Int64? {
        guard lastMilliseconds > 0 else { return nil }
        if !isFirstTick { lastMilliseconds += Self.sweepMilliseconds }
        isFirstTick = false
        return lastMilliseconds
    }
}
