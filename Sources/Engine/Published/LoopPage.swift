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
    /// Other threads write it.
    private static var deliveriesOffset: Int { headerOffset + (MemoryLayout<LoopHeader>.stride + 63) & ~63 }
    private static var recordsOffset: Int { deliveriesOffset + 64 }
    private static var recordStride: Int { (MemoryLayout<InstanceCounters>.stride + 63) & ~63 }
    /// Whole pages of memory.
    static var size: Int { (recordsOffset + recordLimit * recordStride + 4_095) & ~4_095 }

    /// - Parameter base: `size` bytes, zeroed at first, so every counter starts at 0.
    init(_ base: UnsafeMutableRawPointer) { self.base = base }

    /// What the loop's thread is running.
    package var thread: ThreadRecord { ThreadRecord(base) }

    /// The callback that is running now.
    package var running: UnsafeMutablePointer<RunningCallback> { thread.running }

    package var header: UnsafeMutablePointer<LoopHeader> {
        (base + Self.headerOffset).assumingMemoryBound(to: LoopHeader.self)
    }

    /// Posts, completions and messages to groups that wait for the loop or have a place reserved.
    var deliveries: UnsafeMutablePointer<Atomic<Int>> {
        (base + Self.deliveriesOffset).assumingMemoryBound(to: Atomic<Int>.self)
    }

    package var deliveryCount: Int { max(deliveries.pointee.load(ordering: .relaxed), 0) }

    /// The record of an instance, by its number from `RecordNumbers`.
    package func record(_ number: Int) -> UnsafeMutablePointer<InstanceCounters> {
        precondition((0..<Self.recordLimit).contains(number))
        return (base + Self.recordsOffset + number * Self.recordStride).assumingMemoryBound(to: InstanceCounters.self)
    }

    /// Resets a record to zero, for another instance. No thread may write it meanwhile.
    func clear(_ number: Int) { memset(record(number), 0, MemoryLayout<InstanceCounters>.size) }
}
