import CLinux
import Glibc
import Synchronization
import Telemetry
import Threads

/// The pages that an engine publishes, in one file in memory (memfd_create(2)): one for each event loop, records of the other threads that
/// run plugins, and of a crash. A process that maps the file reads them at any time, also when the process that writes them hangs or has
/// died.
package final class PublishedPages: Sendable {
    /// The first bytes of the file.
    private struct Header: Equatable {
        /// "martlet" and the version of this layout.
        var magic: UInt64 = 0x02_74_65_6C_74_72_61_6D
        var pageSize = UInt64(LoopPage.size)
        var loopCount: UInt64

        static let size = 4_096
    }

    /// In the first page, after the header.
    private static let crashOffset = 1_024
    private static let engineOffset = Header.size
    private static let threadsOffset = (engineOffset + MemoryLayout<EngineHeader>.stride + 4_095) & ~4_095
    /// Workers, of which there are at most 1,024, and calls that belong to no loop and no worker.
    private static let threadLimit = 1_024 + 128
    /// Where the pages of the loops begin.
    private static let loopsOffset = (threadsOffset + threadLimit * ThreadRecord.size + 4_095) & ~4_095

    private let memory: SharedMemory
    /// In the order of the loops.
    package let loops: [LoopPage]
    /// Records that no thread has.
    private let freeThreads: Mutex<[Int]>

    /// Zeroed pages.
    ///
    /// - Parameter isInFile: false: no other process can read them, and no file is needed.
    package init(loopCount: Int, isInFile: Bool) throws(SystemError) {
        memory = try SharedMemory(
            isInFile ? "martlet-published" : nil, size: Self.loopsOffset + loopCount * LoopPage.size)
        memory.base.storeBytes(of: Header(loopCount: UInt64(loopCount)), as: Header.self)
        loops = Self.pages(at: memory.base, loopCount)
        freeThreads = Mutex((0..<Self.threadLimit).reversed())
    }

    /// The pages of another process, to be read only. Takes the descriptor, also when it fails.
    package init(reading file: Int32) throws(SystemError) {
        memory = try SharedMemory(sharing: file, Self.name, isWritable: false) { size in
            size >= Self.loopsOffset && (size - Self.loopsOffset) % LoopPage.size == 0
        }
        let count = (memory.size - Self.loopsOffset) / LoopPage.size
        guard memory.base.load(as: Header.self) == Header(loopCount: UInt64(count)) else {
            throw SharedMemory.foreign(Self.name)
        }
        loops = Self.pages(at: memory.base, count)
        freeThreads = Mutex([])
    }

    private static let name = "the published pages"

    /// Of the file; -1: the pages are in memory of this process alone.
    package var descriptor: Int32 { memory.descriptor }
    private var base: UnsafeMutableRawPointer { memory.base }

    private static func pages(at base: UnsafeMutableRawPointer, _ count: Int) -> [LoopPage] {
        (0..<count).map { LoopPage(base + loopsOffset + $0 * LoopPage.size) }
    }

    /// Of the engine as a whole.
    package var engine: UnsafePointer<EngineHeader> {
        UnsafePointer((base + Self.engineOffset).assumingMemoryBound(to: EngineHeader.self))
    }

    // MARK: Threads

    private func thread(_ number: Int) -> ThreadRecord {
        ThreadRecord(base + Self.threadsOffset + number * ThreadRecord.size)
    }

    /// Runs a function with a record for the calling thread; nil: all are taken.
    func withThreadRecord<Result>(_ body: (ThreadRecord?) -> Result) -> Result {
        let free = freeThreads.withLock { free in
            let number = free.popLast()
            if let number, number >= usedThreads { engine.pointee.usedThreads.set(UInt64(number + 1)) }
            return number
        }
        guard let number = free else { return body(nil) }
        let record = thread(number)
        record.begin()
        defer {
            record.end()
            freeThreads.withLock { $0.append(number) }
        }
        return body(record)
    }

    /// Publishes, while a function runs, that the calling thread is in a callback.
    package func publish<Result>(_ kind: CallbackKind, _ label: UInt32, _ body: () -> Result) -> Result {
        withThreadRecord { record in
            record?.running.pointee.begin(kind, label)
            defer { record?.running.pointee.end() }
            return body()
        }
    }

    /// The same for a callback that another one calls: the thread is in that one alone until the function returns.
    package func publishNested<Result>(_ kind: CallbackKind, _ label: UInt32, _ body: () -> Result) -> Result {
        let number = Int32(truncatingIfNeeded: linux_thread_number())
        guard let running = threads.first(where: { $0.thread == number })?.running,
            let outer = running.pointee.observation
        else { return body() }
        running.pointee.begin(kind, label)
        defer { running.pointee.begin(outer.kind, outer.label) }
        return body()
    }

    /// One more than the highest record that a thread has had.
    private var usedThreads: Int { min(Int(clamping: engine.pointee.usedThreads.value), Self.threadLimit) }

    /// Of the threads that run plugins now.
    package var threads: [ThreadRecord] {
        loops.map(\.thread) + (0..<usedThreads).map(thread).filter { $0.thread != 0 }
    }

    /// The items that workers run, the oldest first.
    package var jobs: [WorkerPool.Running] {
        (0..<usedThreads).compactMap { thread($0).job }.sorted { $0.since < $1.since }
    }

    /// Connections of all instances, as far as the process that died has counted them.
    package var connectionCount: Int {
        let places = loops.flatMap { page in (0..<LoopPage.recordLimit).map { page.record($0) } }
        return places.reduce(0) { $0 &+ Int(clamping: $1.pointee.openConnections) }
    }

    /// The addresses of the connections that threads were changing when their process died.
    var changing: Set<UInt64> {
        let all = loops.map(\.thread) + (0..<Self.threadLimit).map(thread)
        return Set(all.map { UInt64($0.connection.pointee.load(ordering: .relaxed)) }.filter { $0 != 0 })
    }

    /// The callbacks that threads are in, or were in when their process died.
    package var callbacks: [RunningCallback.Observation] {
        (loops.map(\.thread) + (0..<Self.threadLimit).map(thread)).compactMap { $0.running.pointee.observation }
    }

    // MARK: Crashes

    private var crashRecord: UnsafeMutablePointer<linux_crash> {
        (base + Self.crashOffset).assumingMemoryBound(to: linux_crash.self)
    }

    /// From now on a crash of this process is recorded here. Call this before there are other threads.
    package func recordCrashes() { linux_report_crashes(crashRecord) }

    /// Why the process that writes these pages has ended itself; nil: it has not.
    package var endReason: String? {
        var copy = crashRecord.pointee.reason
        let reason = withUnsafeBytes(of: &copy) { Array($0.prefix { $0 != 0 }) }
        return reason.isEmpty ? nil : String(decoding: reason, as: UTF8.self)
    }

    /// nil: the process that writes these pages has not crashed, or has not lived to say so.
    package var crash: CrashRecord? { CrashRecord(crashRecord) }
}
