import Glibc
import Synchronization
import Threads

/// The metrics of a listener in a file in memory (memfd_create(2)). One process counts in it. Another reads it at any time, also when the
/// first one hangs or has died, and gives it to a successor, which goes on counting.
///
/// The file is a list of records, to which one process at a time appends. A record has texts, which say what it counts, and numbers, which
/// any thread of that process changes.
package final class MetricFile: Sendable {
    /// Memory that is never touched costs nothing.
    private static let size = 128 << 20
    /// "metrics" and the version of this layout.
    private static let magic: UInt64 = 0x01_73_63_69_72_74_65_6D
    /// A record is a multiple of it, so that threads that count in different records never write to the same cache line.
    private static let line = 64

    struct Record {
        let texts: [String]
        let numbers: UnsafeMutablePointer<Atomic<UInt64>>
        let count: Int
    }

    private let memory: SharedMemory
    private let appending = Mutex(())

    /// An empty one.
    package init() throws(SystemError) {
        memory = try SharedMemory("martlet-metrics", size: Self.size)
        base.storeBytes(of: Self.magic, as: UInt64.self)
        end.pointee.store(Self.line, ordering: .releasing)
    }

    /// The file of another process. Takes the descriptor, also when it fails.
    package init(sharing file: Int32) throws(SystemError) {
        memory = try SharedMemory(sharing: file, "the metrics") { $0 == Self.size }
    }

    package var descriptor: Int32 { memory.descriptor }
    private var base: UnsafeMutableRawPointer { memory.base }

    /// Bytes that complete records fill, with the first line.
    private var end: UnsafeMutablePointer<Atomic<Int>> { (base + 8).assumingMemoryBound(to: Atomic<Int>.self) }

    // MARK: Records

    /// Length of the texts in bytes, and how many numbers follow on the next line.
    private struct Head {
        var textBytes: UInt32
        var numbers: UInt32

        /// Of the whole record.
        var size: Int { numbersOffset + MetricFile.lines(Int(numbers) * 8) }
        var numbersOffset: Int { MetricFile.lines(MemoryLayout<Head>.size + Int(textBytes)) }
    }

    private static func lines(_ bytes: Int) -> Int { (bytes + line - 1) / line * line }

    /// Adds a record whose numbers are 0. nil: there is no room.
    func append(_ texts: [String], numbers: Int) -> UnsafeMutablePointer<Atomic<UInt64>>? {
        let bytes = texts.flatMap { text in Self.bytes(of: UInt32(text.utf8.count)) + Array(text.utf8) }
        let head = Head(textBytes: UInt32(bytes.count), numbers: UInt32(numbers))
        return appending.withLock { _ in
            let start = end.pointee.load(ordering: .relaxed)
            guard start >= Self.line, start % Self.line == 0, start <= Self.size - head.size else { return nil }
            let record = base + start
            record.storeBytes(of: head, as: Head.self)
            bytes.withUnsafeBytes {
                (record + MemoryLayout<Head>.size).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
            let words = (record + head.numbersOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
            for index in 0..<numbers { words[index].store(0, ordering: .relaxed) }
            end.pointee.store(start + head.size, ordering: .releasing)
            return words
        }
    }

    /// All complete records, in their order; nil: a process has damaged the file.
    var records: [Record]? {
        let end = end.pointee.load(ordering: .acquiring)
        guard base.load(as: UInt64.self) == Self.magic, end >= Self.line, end <= Self.size else { return nil }
        var (records, offset) = ([Record](), Self.line)
        while offset < end {
            let head = (base + offset).load(as: Head.self)
            guard head.size <= end - offset else { return nil }
            let texts = UnsafeRawBufferPointer(
                start: base + offset + MemoryLayout<Head>.size, count: Int(head.textBytes))
            guard let texts = Self.texts(Array(texts)) else { return nil }
            let numbers = (base + offset + head.numbersOffset).assumingMemoryBound(to: Atomic<UInt64>.self)
            records.append(Record(texts: texts, numbers: numbers, count: Int(head.numbers)))
            offset += head.size
        }
        return records
    }

    private static func bytes(of count: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    }

    /// nil: these bytes are not such texts.
    private static func texts(_ bytes: [UInt8]) -> [String]? {
        var (texts, rest) = ([String](), bytes[...])
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard count <= rest.count else { return nil }
            texts.append(String(decoding: rest.prefix(count), as: UTF8.self))
            rest = rest.dropFirst(count)
        }
        return texts
    }
}
