import Glibc
import HTTPWire

/// An answer that is ready but for its date: head without the empty line, empty line, content. Sending it is one copy.
///
/// Sendable as a template, which nobody writes to; a copy belongs to one loop.
struct PreparedAnswer: @unchecked Sendable {
    private(set) var memory: UnsafeMutablePointer<UInt8>
    /// Bytes before the empty line: where a `Connection` field goes.
    let headCount: Int
    let contentCount: Int
    /// Where the 29 bytes of the date are.
    let dateOffset: Int
    let status: UInt16
    /// The second whose date is in it.
    private var second = Int64.min

    /// Bytes with head, empty line and content.
    @inline(__always)
    var count: Int { headCount &+ 2 &+ contentCount }

    @inline(__always)
    mutating func update(_ date: borrowing DateOfAnswers) {
        if date.second != second { write(date) }
    }

    @inline(never)
    private mutating func write(_ date: borrowing DateOfAnswers) {
        second = date.second
        date.text.span.withUnsafeBufferPointer {
            (memory + dateOffset).update(from: $0.baseAddress!, count: $0.count)
        }
    }

    @inline(__always) var whole: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }
    var head: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: headCount) }
    var content: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory + headCount + 2, count: contentCount)
    }

    init(copying other: PreparedAnswer) {
        self = other
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: other.count)
        copy.initialize(from: other.memory, count: other.count)
        memory = copy
    }

    /// `writeFields` writes what stands between the date and the end of the head. nil: it did not fit in `headRoom`, or
    /// broke the rules of a field.
    init?(
        status: StatusCode, content: some Collection<UInt8>, headRoom: Int,
        writeFields: (inout ResponseHeadWriter) -> Void
    ) {
        let contentCount = content.count
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: headRoom + contentCount)
        var writer = ResponseHeadWriter(UnsafeMutableRawBufferPointer(start: memory, count: headRoom))
        writer.status(status)
        writer.date(HTTPDate(secondsSinceEpoch: 0).text)
        writeFields(&writer)
        guard let count = try? writer.finish() else {
            memory.deallocate()
            return nil
        }
        for (index, byte) in content.enumerated() { (memory + count + index).initialize(to: byte) }
        self.memory = memory
        headCount = count - 2
        self.contentCount = contentCount
        dateOffset = "HTTP/1.1 000 ".utf8.count + status.reason.utf8CodeUnitCount + "\r\nDate: ".utf8.count
        self.status = status.number
    }

    func deallocate() { memory.deallocate() }
}
