import Glibc
import Synchronization
import Telemetry
import Threads

/// What several processes use of the same limits: a page that all of them have mapped (memfd_create(2)), with a place for each process.
///
/// A process counts in its own place only, so what a process used that has died can be struck out: `clear`.
package final class SharedQuotas: Sendable {
    /// The most processes.
    package static let placeLimit = 62
    private static let size = 4_096
    /// A cache line for each process.
    private static let stride = 64

    /// One limit: how much of it each process uses. Valid as long as its page.
    package struct Column: @unchecked Sendable {
        /// How many places there are.
        private let places: UnsafeMutablePointer<Atomic<Int>>
        private let first: UnsafeMutableRawPointer

        fileprivate init(_ places: UnsafeMutablePointer<Atomic<Int>>, _ first: UnsafeMutableRawPointer) {
            self.places = places
            self.first = first
        }

        /// For a process that shares nothing, with memory of its own.
        static func alone() -> Column {
            let memory = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 2)
            memory.initialize(to: Atomic(1))
            (memory + 1).initialize(to: Atomic(0))
            return Column(memory, UnsafeMutableRawPointer(memory + 1))
        }

        /// Of one that is alone.
        func deallocate() { places.deallocate() }

        @inline(__always)
        subscript(place: Int) -> UnsafeMutablePointer<Atomic<Int>> {
            precondition(place >= 0 && place < SharedQuotas.placeLimit)
            return (first + place * SharedQuotas.stride).assumingMemoryBound(to: Atomic<Int>.self)
        }

        /// Of all processes. A process that is alone has place 0.
        ///
        /// - Parameter own: what this process uses.
        @inline(__always)
        func sum(own: Int) -> Int {
            let count = places.pointee.load(ordering: .relaxed)
            return _fastPath(count == 1) ? own : sumOfAll(count)
        }

        /// - Parameter count: a process that runs wild may have written any.
        @inline(never)
        private func sumOfAll(_ count: Int) -> Int {
            var sum = 0
            for place in 0..<min(max(count, 0), SharedQuotas.placeLimit) {
                sum &+= self[place].pointee.load(ordering: .relaxed)
            }
            return sum
        }
    }

    private let memory: SharedMemory

    /// No place is taken.
    package init() throws(SystemError) { memory = try SharedMemory("martlet-quotas", size: Self.size) }

    /// The page of another process. Takes the descriptor, also when it fails.
    package init(sharing file: Int32) throws(SystemError) {
        memory = try SharedMemory(sharing: file, "the quotas") { $0 == Self.size }
    }

    package var descriptor: Int32 { memory.descriptor }
    private var base: UnsafeMutableRawPointer { memory.base }

    /// What a quota needs for its place among the connections, and among the bytes of buffers.
    package func connections(_ place: Int) -> (page: SharedQuotas, column: Column, place: Int) {
        (self, column(0), place)
    }
    package func buffers(_ place: Int) -> (page: SharedQuotas, column: Column, place: Int) { (self, column(8), place) }

    /// What the process at a place uses.
    package func connectionCount(_ place: Int) -> Int { count(in: connections(place)) }
    package func bufferBytes(_ place: Int) -> Int { count(in: buffers(place)) }

    private func count(in share: (page: SharedQuotas, column: Column, place: Int)) -> Int {
        max(share.column[share.place].pointee.load(ordering: .relaxed), 0)
    }

    private func column(_ offset: Int) -> Column { Column(placeCount, base + Self.stride + offset) }

    /// Lets a process count at a place: 0 to `placeLimit`. It counts from 0.
    package func open(_ place: Int) {
        clear(place)
        placeCount.pointee.max(place + 1, ordering: .releasing)
    }

    /// The process at a place has ended, and uses nothing any more.
    package func clear(_ place: Int) {
        for offset in [0, 8] { column(offset)[place].pointee.store(0, ordering: .relaxed) }
    }

    private var placeCount: UnsafeMutablePointer<Atomic<Int>> { base.assumingMemoryBound(to: Atomic<Int>.self) }
}
