import Glibc

/// Collects the records of a store until a piece is full.
struct PieceWriter: ~Copyable {
    private var head: PieceHead
    private let memory: UnsafeMutableRawPointer
    private var used = PieceHead.bytes
    private var isAccepted = true

    /// nil: no memory.
    init?(_ head: PieceHead) {
        guard let memory = malloc(PieceHead.largestPiece) else { return nil }
        self.memory = memory
        self.head = head
    }

    deinit { free(memory) }

    mutating func append(_ leaf: Leaf, _ put: (UnsafeRawBufferPointer) -> Bool) {
        guard isAccepted else { return }
        // The headers first: the processor then waits for many records at the same time.
        var bytes = 0
        for index in 0..<leaf.count { bytes += PieceHead.paddedBytes(leaf[index].record.byteCount) }
        if bytes <= PieceHead.largestPiece - used {
            for index in 0..<leaf.count { copy(leaf[index].record) }
            if used >= PieceHead.usualPiece { flush(put) }
        } else {
            for index in 0..<leaf.count { append(leaf[index].record, put) }
        }
    }

    private mutating func append(_ record: Record, _ put: (UnsafeRawBufferPointer) -> Bool) {
        let bytes = PieceHead.paddedBytes(record.byteCount)
        if bytes > PieceHead.largestPiece - used, head.entries > 0 { flush(put) }
        if bytes <= PieceHead.largestPiece - used { copy(record) } else { appendInParts(record, put) }
    }

    @inline(__always)
    private mutating func copy(_ record: Record) {
        let bytes = record.byteCount
        memcpy(memory + used, record.base, bytes)
        let end = used + bytes
        used += PieceHead.paddedBytes(bytes)
        if used != end { memset(memory + end, 0, used - end) }
        head.entries += 1
    }

    private mutating func appendInParts(_ record: Record, _ put: (UnsafeRawBufferPointer) -> Bool) {
        assert(head.entries == 0 && used == PieceHead.bytes, "a part behind entries")
        head.kind = .part
        var start = 0
        while start < record.byteCount, isAccepted {
            let count = min(record.byteCount - start, PieceHead.largestPayload)
            memcpy(memory + used, record.base + start, count)
            used += count
            head.entries = UInt32(start)
            flush(put)
            start += count
        }
        head.kind = .entries
    }

    private mutating func flush(_ put: (UnsafeRawBufferPointer) -> Bool) {
        head.write(to: memory)
        if isAccepted { isAccepted = put(UnsafeRawBufferPointer(start: memory, count: used)) }
        head.number += 1
        head.entries = 0
        used = PieceHead.bytes
    }

    /// Returns whether all pieces were taken.
    mutating func finish(_ put: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        if head.entries > 0 || head.number == 0 { flush(put) }
        return isAccepted
    }
}
