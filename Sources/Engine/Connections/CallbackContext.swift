import Glibc
import Synchronization
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
    var segments: SegmentPool
    /// The running callback of the thread, for the watchdog. Kept outside the memory that only the thread touches.
    let running: UnsafeMutablePointer<RunningCallback>
    /// The connection that the thread changes now, for a successor of this process: see `workOn`.
    let connection: UnsafeMutablePointer<Atomic<UInt>>
    /// Where a transport prepares what it sends: see `transportArea`.
    fileprivate var transportArea: UnsafeMutableRawPointer?
    /// Lent output to return at the end of the callback.
    var releases: ContiguousArray<OutputSegment> = []

    /// - Parameter record: where the thread publishes what it does; it outlives the context.
    init(index: UInt32, memory: Quota, arena: Arena, isWorker: Bool, record: ThreadRecord) {
        self.index = index
        self.isWorker = isWorker
        buffers = BufferPool(memory: memory, arena: arena)
        segments = SegmentPool(arena: arena)
        running = record.running
        connection = record.connection
        updateClock()
    }

    deinit { free(transportArea) }

    mutating func updateClock() {
        now = readMonotonicClock()
        milliseconds = now / 1_000_000
        wallClock.update(now)
    }
}

package typealias CallbackContextPointer = UnsafeMutablePointer<CallbackContext>

extension CallbackContextPointer {
    /// Publishes which connection the thread changes from now on: before anything is received from its peer, until everything that this
    /// leads to has been sent or waits in its output. When the process dies meanwhile, its successor cannot know how far the thread has
    /// come, and closes the connection. All others are complete.
    @inline(__always)
    func workOn(_ connection: ConnectionPointer?) {
        pointee.connection.pointee.store(UInt(bitPattern: connection), ordering: .relaxed)
    }

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
            tail.pointee.seal = tail.pointee.expectedSeal
            connection.pointee.outputBytes += count
            data += count
            length -= count
        }
        return length == 0 || appendBuffer(copying: data, length, to: connection)
    }

    /// Queues a copy in a buffer of its own. The thread may be working on another connection: the queue is complete at any time.
    func appendBuffer(copying data: UnsafeRawPointer, _ length: Int, to connection: ConnectionPointer) -> Bool {
        guard let buffer = pointee.buffers.take(length) else { return false }
        buffer.base.copyMemory(from: data, byteCount: length)
        connection.noteOwner(of: buffer)
        let segment = OutputSegment(
            kind: .copied, remaining: length, position: buffer.base, buffer: buffer, block: buffer.base)
        if append(segment, to: connection) { return true }
        pointee.buffers.give(buffer)
        return false
    }

    /// False: no memory; the caller keeps what the segment has.
    func append(_ segment: OutputSegment, to connection: ConnectionPointer) -> Bool {
        var segment = segment
        segment.owner = connection.id.rawValue
        segment.seal = segment.expectedSeal
        guard let added = pointee.segments.take(segment) else { return false }
        if let tail = connection.links.pointee.outputTail {
            tail.pointee.next = added
        } else {
            connection.links.pointee.outputHead = added
            connection.pointee.lastWriteProgress = pointee.milliseconds
        }
        connection.links.pointee.outputTail = added
        connection.pointee.outputBytes += segment.remaining
        return true
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

extension ConnectionPointer {
    /// Bytes of memory of the thread that has the connection, for a transport, until it returns. nil: there is none.
    package static var transportAreaSize: Int { 256 << 10 }

    package var transportArea: UnsafeMutableRawPointer? {
        let context = links.pointee.context
        if context.pointee.transportArea == nil { context.pointee.transportArea = malloc(Self.transportAreaSize) }
        return context.pointee.transportArea
    }
}
