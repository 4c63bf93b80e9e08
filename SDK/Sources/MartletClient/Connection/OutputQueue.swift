/// The bytes that wait to be sent on a connection. Positions count from the start of the connection.
struct OutputQueue: Sendable {
    private var bytes: [UInt8] = []
    /// Index of the first byte in `bytes` that was not sent.
    private var head = 0
    /// The position of that byte.
    private(set) var sent: UInt64 = 0
    /// Bytes before this position have left or are in a record of TLS: they cannot be taken back.
    private(set) var committed: UInt64 = 0

    /// The position of the next byte that is appended.
    var end: UInt64 { sent + UInt64(count) }
    var count: Int { bytes.count - head }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ frame: [UInt8]) {
        if head == bytes.count {
            // Sent completely: the memory is used again, unless it is large.
            if bytes.capacity > 1 << 20 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
            head = 0
        }
        bytes += frame
    }

    /// - Parameter body: gets the bytes that were not sent; they stay the same until it returns.
    func withUnsent<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[head...])) }
    }

    mutating func markSent(_ count: Int) {
        precondition(count <= self.count, "more bytes were sent than there were")
        head += count
        sent += UInt64(count)
        committed = max(committed, sent)
    }

    /// TLS has taken these bytes, and must get the same again.
    mutating func commit(_ count: Int) { committed = max(committed, sent + UInt64(min(count, self.count))) }

    /// Takes back a frame of which nothing is committed. Later positions move.
    mutating func remove(_ range: Range<UInt64>) {
        precondition(range.lowerBound >= committed && range.upperBound <= end, "the frame has left already")
        let start = head + Int(range.lowerBound - sent)
        bytes.removeSubrange(start..<start + Int(range.upperBound - range.lowerBound))
    }
}
