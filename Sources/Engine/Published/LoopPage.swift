import Glibc
import Synchronization
import Telemetry

/// What one event loop tells everybody else: flat memory without pointers, written by the loop and read by anyone at any time.
///
/// A header, then one record for each instance. Whoever has the pages needs nothing else to say what the server does, not even
/// the process that writes them.
package struct LoopPage: @unchecked Sendable {
    /// Instances that may live at a time, of all listeners together. Untouched records cost no memory.
    package static let recordLimit = 4_096

    private let base: UnsafeMutableRawPointer

    /// The callback record stands alone in the first cache line: the loop writes it around every callback.
    private static var headerOffset: Int { 64 }
    private static var recordsOffset: Int { headerOffset + (MemoryLayout<LoopHeader>.stride + 63) & ~63 }
    private static var recordStride: Int { (MemoryLayout<InstanceCounters>.stride + 63) & ~63 }
    private static var size: Int { recordsOffset + recordLimit * recordStride }

    /// mmap(2)
    init() throws(SystemError) {
        guard let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { throw SystemError("mmap") }
        base = memory
        // The kernel gives zeroes, which is what a counter begins with.
    }

    /// The callback that runs just now.
    package var running: UnsafeMutablePointer<RunningCallback> { base.assumingMemoryBound(to: RunningCallback.self) }

    package var header: UnsafeMutablePointer<LoopHeader> {
        (base + Self.headerOffset).assumingMemoryBound(to: LoopHeader.self)
    }

    /// The record of an instance, by the number that `RecordNumbers` gave it.
    package func record(_ number: Int) -> UnsafeMutablePointer<InstanceCounters> {
        precondition((0..<Self.recordLimit).contains(number))
        return (base + Self.recordsOffset + number * Self.recordStride).assumingMemoryBound(to: InstanceCounters.self)
    }

    /// Sets a record back to zero, for another instance. Nobody may be writing it.
    func clear(_ number: Int) { memset(record(number), 0, MemoryLayout<InstanceCounters>.size) }

    func unmap() { munmap(base, Self.size) }
}

/// What a loop tells of itself.
package struct LoopHeader: ~Copyable {
    package let turns = Counter()
    /// Times that the loop has begun to wait for events.
    package let waits = Counter()
    /// Times that accepting stopped at a limit of the configuration.
    package let pausesAtLimit = Counter()
    /// Times that accepting stopped because the system had no descriptor or memory for one more.
    package let pausesForResources = Counter()
}

/// The counters of one instance on one loop. Most have one writer, the loop; where callbacks run on workers those that
/// callbacks change are written by several threads.
package struct InstanceCounters: ~Copyable {
    package let accepted = Counter()
    /// Sessions that came from another generation, and that went to one.
    package let movedIn = Counter()
    package let movedOut = Counter()
    package let closed = Counter()
    package let requests = Counter()
    package let failedRequests = Counter()
    package let bytesReceived = Counter()
    package let bytesSent = Counter()
    package let faults = Counter()
    package let refused = Counter()
    /// Connections that the plugin gave up because the peer misbehaved, and because it failed itself.
    package let peerErrors = Counter()
    package let failures = Counter()
    package let slowCallbacks = Counter()
    /// Pieces of memory and of files that the plugin has lent as output, and that it got back.
    package let lent = Counter()
    package let returned = Counter()
    /// Deliveries that found their session in a generation from which it could not come back for them.
    package let lostDeliveries = Counter()
    /// How often each limit was reached.
    package let hits = LimitCounters()

    package var openConnections: UInt64 {
        // Read from another thread the four are not of one moment: less than none is none.
        let open = Int64(bitPattern: accepted.value &+ movedIn.value &- movedOut.value &- closed.value)
        return UInt64(max(open, 0))
    }

    /// Lent output that the plugin has not got back yet.
    package var loans: UInt64 {
        let out = Int64(bitPattern: lent.value &- returned.value)
        return UInt64(max(out, 0))
    }

    /// No connection is open and nothing is lent. Exact on the loop itself, once no worker has a connection.
    var isIdle: Bool { openConnections == 0 && loans == 0 }
}

/// How often each limit was reached: on one event loop, and on workers for it.
package struct LimitCounters: ~Copyable {
    private let counters = InlineArray<20, Counter> { _ in Counter() }

    init() { assert(counters.count == Limit.allCases.count, "one counter for each limit") }

    func hit(_ limit: Limit) { counters[limit.rawValue].addShared(1) }

    package subscript(limit: Limit) -> UInt64 { counters[limit.rawValue].value }
}

/// Hands out the numbers of records, the longest unused first, so that a reader with an old list reads the last values of an
/// instance that is gone and not those of its successor.
final class RecordNumbers: Sendable {
    private struct State {
        var isTaken = [Bool](repeating: false, count: LoopPage.recordLimit)
        var next = 0
    }

    private let state = Mutex(State())

    /// nil: all are taken.
    func take() -> Int? {
        state.withLock { state in
            for _ in 0..<LoopPage.recordLimit {
                let number = state.next
                state.next = (state.next + 1) % LoopPage.recordLimit
                if state.isTaken[number] { continue }
                state.isTaken[number] = true
                return number
            }
            return nil
        }
    }

    func give(_ number: Int) { state.withLock { $0.isTaken[number] = false } }
}
