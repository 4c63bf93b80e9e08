import Threads

/// The context of the callbacks on one thread: the output area, the memory for buffered data, and the time.
///
/// Each event loop and each worker has one. A connection points to the context of the thread that runs its callbacks now, so the
/// same host functions serve both without a lock.
package struct CallbackContext: ~Copyable {
    /// The loop of the connection.
    var index: UInt32
    /// The thread is a worker, which shares counters with other threads.
    let isWorker: Bool

    /// When the thread began to handle the current event: CLOCK_MONOTONIC.
    var now: UInt64 = 0
    var milliseconds: UInt64 = 0
    var wallClock = WallClock()

    var output = OutputArea()
    var buffers: BufferPool
    var segments = SegmentPool()
    /// The running callback of the thread, for the watchdog. Kept outside the memory that only the thread touches.
    let running: UnsafeMutablePointer<RunningCallback>
    /// Lent output to return at the end of the callback.
    var releases: ContiguousArray<OutputSegment> = []

    /// - Parameter running: where the thread publishes what it does; it outlives the context.
    init(index: UInt32, memory: Quota, isWorker: Bool, running: UnsafeMutablePointer<RunningCallback>) {
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
    /// Moves the output area behind the queued segments. False: no memory.
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
        if let tail = connection.links.pointee.outputTail, tail.pointee.kind == .copied,
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
        if let tail = connection.links.pointee.outputTail {
            tail.pointee.next = added
        } else {
            connection.links.pointee.outputHead = added
            connection.pointee.lastWriteProgress = pointee.milliseconds
        }
        connection.links.pointee.outputTail = added
        connection.pointee.outputBytes += segment.remaining
    }

    /// Returns lent output that was not queued, once the callback has returned.
    func releaseLater(_ segment: OutputSegment) { pointee.releases.append(segment) }

    func runReleases() {
        while let segment = pointee.releases.popLast() { giveBack(segment) }
    }

    /// Returns lent output to the generation that lent it. By now the connection may belong to another generation.
    func giveBack(_ segment: OutputSegment) {
        guard let lender = segment.lender else {
            segment.release?(segment.context)
            return
        }
        if let release = segment.release {
            pointee.running.pointee.begin(.release, lender.pointee.label)
            release(segment.context)
            pointee.running.pointee.end()
        }
        // The last use of the lender, which may be destroyed from now on.
        lender.countReturn()
    }
}
