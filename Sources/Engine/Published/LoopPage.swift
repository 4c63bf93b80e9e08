import Glibc
import Synchronization
import Telemetry

/// The state that one event loop publishes: flat memory without pointers. The loop writes it, and any thread reads it at any time.
///
/// A header, then one record for each instance. The pages alone, without the process that writes them, are enough to report what
/// the server does.
package struct LoopPage: @unchecked Sendable {
    /// The most instances alive at a time, of all listeners together. Untouched records cost no memory.
    package static let recordLimit = 4_096

    private let base: UnsafeMutableRawPointer

    /// The callback record has the first cache line to itself, because the loop writes it around every callback.
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
        // The kernel returns zeroed memory, so every counter starts at 0.
    }

    /// The callback that is running now.
    package var running: UnsafeMutablePointer<RunningCallback> { base.assumingMemoryBound(to: RunningCallback.self) }

    package var header: UnsafeMutablePointer<LoopHeader> {
        (base + Self.headerOffset).assumingMemoryBound(to: LoopHeader.self)
    }

    /// The record of an instance, by its number from `RecordNumbers`.
    package func record(_ number: Int) -> UnsafeMutablePointer<InstanceCounters> {
        precondition((0..<Self.recordLimit).contains(number))
        return (base + Self.recordsOffset + number * Self.recordStride).assumingMemoryBound(to: InstanceCounters.self)
    }

    /// Resets a record to zero, for another instance. No thread may write it meanwhile.
    func clear(_ number: Int) { memset(record(number), 0, MemoryLayout<InstanceCounters>.size) }

    func unmap() { munmap(base, Self.size) }
}

/// The counters that a loop publishes about itself.
package struct LoopHeader: ~Copyable {
    package let turns = Counter()
    /// How often the loop has begun to wait for events.
    package let waits = Counter()
    /// How often accepting stopped at a limit of the configuration.
    package let pausesAtLimit = Counter()
    /// How often accepting stopped because the system had no descriptor or memory for one more.
    package let pausesForResources = Counter()
}

/// The counters of one instance on one loop. Most have one writer, the loop. If callbacks run on workers, several threads write the
/// counters that callbacks change.
package struct InstanceCounters: ~Copyable {
    package let accepted = Counter()
    /// Sessions that moved in from another generation, and that moved out to one.
    package let movedIn = Counter()
    package let movedOut = Counter()
    package let closed = Counter()
    package let requests = Counter()
    package let failedRequests = Counter()
    package let bytesReceived = Counter()
    package let bytesSent = Counter()
    package let faults = Counter()
    package let refused = Counter()
    /// Connections that the plugin gave up because the peer misbehaved, and because the plugin itself failed.
    package let peerErrors = Counter()
    package let failures = Counter()
    package let slowCallbacks = Counter()
    /// Pieces of memory and of files that the plugin has lent as output, and those that were returned to it.
    package let lent = Counter()
    package let returned = Counter()
    /// Deliveries that were cancelled because their session is in another generation and could not come back for them.
    package let lostDeliveries = Counter()
    /// How often each limit was reached.
    package let hits = LimitCounters()

    package var openConnections: UInt64 {
        // Another thread reads the four counters at different moments, so the difference may be negative; it then counts as 0.
        let open = Int64(bitPattern: accepted.value &+ movedIn.value &- movedOut.value &- closed.value)
        return UInt64(max(open, 0))
    }

    /// Lent output that has not been returned to the plugin yet.
    package var loans: UInt64 {
        let out = Int64(bitPattern: lent.value &- returned.value)
        return UInt64(max(out, 0))
    }

    /// No connection is open and nothing is lent. Exact only on the loop itself, while no worker has a connection.
    var isIdle: Bool { openConnections == 0 && loans == 0 }
}

/// How often each limit was reached on one event loop, and on workers on its behalf.
package struct LimitCounters: ~Copyable {
    private let counters = InlineArray<20, Counter> { _ in Counter() }

    init() { assert(counters.count == Limit.allCases.count, "one counter for each limit") }

    func hit(_ limit: Limit) { counters[limit.rawValue].addShared(1) }

    package subscript(limit: Limit) -> UInt64 { counters[limit.rawValue].value }
}

/// Hands out the numbers of records in rotation, so that a number is reused as late as possible: a reader with an old list reads
/// the last values of an instance that is gone, not those of its successor.
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
