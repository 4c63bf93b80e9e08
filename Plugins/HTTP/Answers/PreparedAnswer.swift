import Glibc
import HTTPWire

/// An answer that is complete except for its date: head without the empty line, empty line, content. Sending it is one copy.
///
/// Sendable, because a template is never written to, and a copy belongs to one loop.
struct PreparedAnswer: @unchecked Sendable {
    private(set) var memory: UnsafeMutablePointer<UInt8>
    /// The number of bytes before the empty line. A `Connection` field can be added there.
    let headCount: Int
    let contentCount: Int
    /// The offset of the 29 bytes of the date.
    let dateOffset: Int
    let status: UInt16
    /// The second of the date that was last written.
    private var second = Int64.min

    /// The number of bytes of head, empty line and content.
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

    /// `writeFields` writes the fields between the date and the end of the head. nil: they do not fit into `headRoom`, or one
    /// of them breaks the rules for fields.
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
