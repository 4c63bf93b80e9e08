import Threads

/// What the callbacks of one thread work with: where answers are put together, the memory for what waits, and the time.
///
/// Each event loop has one, and each worker. A connection points at that of the thread that runs its callbacks just now, so
/// the same host functions serve both without a lock.
package struct CallbackContext: ~Copyable {
    /// The loop of the connection: half of the connection's id.
    var index: UInt32
    /// The thread is one of the worker pool, which shares counters with others.
    let isWorker: Bool

    /// When the current event was taken up: CLOCK_MONOTONIC.
    var now: UInt64 = 0
    var milliseconds: UInt64 = 0
    var wallClock = WallClock()

    var output = OutputArea()
    var buffers: BufferPool
    var segments = SegmentPool()
    /// What the thread is doing, for the watchdog: apart from what the thread alone touches.
    let running: UnsafeMutablePointer<RunningCallback>
    /// Lent output that is to be given back at the end of the callback.
    var releases: ContiguousArray<OutputSegment> = []

    /// - Parameter running: where the thread publishes what it does; it outlives the context.
    init(index: UInt32, memory: BufferMemory, isWorker: Bool, running: UnsafeMutablePointer<RunningCallback>) {
        self.index = index
        self.isWorker = isWorker
        buffers = BufferPool(memory: memory)
        self.running = running
        updateClock()
    }

    mutating func updateClock() {
        now = readMonotonicClock()
        milliseconds = now / 1_000_000
        wallClock.update(now)
    }
}

package typealias CallbackContextPointer = UnsafeMutablePointer<CallbackContext>

extension CallbackContextPointer {
    /// Moves the output area behind the segments that wait. False: no memory.
    func spillOutput(_ connection: ConnectionPointer) -> Bool {
        guard pointee.output.count > 0 else { return true }
        let kept = append(copying: pointee.output.base, pointee.output.count, to: connection)
        if kept { pointee.output.reset() }
        return kept
    }

    /// Queues a copy. False: no memory.
    func append(copying data: UnsafeRawPointer, _ length: Int, to connection: ConnectionPointer) -> Bool {
        var data = data
        var length = length
        if let tail = connection.pointee.outputTail, tail.pointee.kind == .copied,
            let buffer = tail.pointee.buffer, let position = tail.pointee.position
        {
            let end = position + tail.pointee.remaining
            let count = Swift.min(buffer.capacity - (end - buffer.base), length)
            end.copyMemory(from: data, byteCount: count)
            tail.pointee.remaining += count
            connection.pointee.outputBytes += count
            data += count
            length -= count
        }
        guard length > 0 else { return true }
        guard let buffer = pointee.buffers.take(length) else { return false }
        buffer.base.copyMemory(from: data, byteCount: length)
        append(OutputSegment(kind: .copied, remaining: length, position: buffer.base, buffer: buffer), to: connection)
        return true
    }

    func append(_ segment: OutputSegment, to connection: ConnectionPointer) {
        let added = pointee.segments.take(segment)
        if let tail = connection.pointee.outputTail {
            tail.pointee.next = added
        } else {
            connection.pointee.outputHead = added
            connection.pointee.lastWriteProgress = pointee.milliseconds
        }
        connection.pointee.outputTail = added
        connection.pointee.outputBytes += segment.remaining
    }

    /// Gives back lent output that was not queued, once the callback has returned.
    func releaseLater(_ segment: OutputSegment) { pointee.releases.append(segment) }

    func runReleases() {
        while let segment = pointee.releases.popLast() { giveBack(segment) }
    }

    /// Gives lent output back to the generation that lent it, which may be another one than that of the connection by now.
    func giveBack(_ segment: OutputSegment) {
        guard let lender = segment.lender else { return }
        if let release = segment.release {
            pointee.running.pointee.begin(.release, lender.pointee.label)
            release(segment.context)
            pointee.running.pointee.end()
        }
        // The last thing that is done with the lender: it may end now.
        lender.countReturn()
    }
}
