/// The bytes that a connection has received and not consumed, contiguous.
struct InputBuffer {
    /// Only `start..<end` has a meaning.
    private(set) var storage: [UInt8]
    private(set) var start = 0
    private(set) var end = 0

    static var initialCapacity: Int { 16 << 10 }
    /// A larger buffer is given back when it is empty.
    static var largestIdleCapacity: Int { 256 << 10 }
    static var smallestRoom: Int { 4 << 10 }

    init() { storage = [UInt8](repeating: 0, count: Self.initialCapacity) }

    var count: Int { end - start }

    /// - Parameter body: writes into the room and returns how many bytes it wrote.
    mutating func fill(_ body: (UnsafeMutableRawBufferPointer) -> Int) {
        makeRoom()
        let end = end
        let count = storage.withUnsafeMutableBytes { body(UnsafeMutableRawBufferPointer(rebasing: $0[end...])) }
        self.end += count
    }

    mutating func consume(_ count: Int) {
        precondition(count <= self.count, "more bytes were consumed than there were")
        start += count
        guard start == end else { return }
        (start, end) = (0, 0)
        if storage.count > Self.largestIdleCapacity {
            storage = [UInt8](repeating: 0, count: Self.initialCapacity)
        }
    }

    /// Frames are at most as long as the client allows, so the buffer stays below twice that.
    private mutating func makeRoom() {
        guard storage.count - end < Self.smallestRoom else { return }
        if start > 0 {
            storage.removeSubrange(..<start)
            storage += repeatElement(0, count: start)
            (start, end) = (0, end - start)
        }
        if storage.count - end < Self.smallestRoom {
            storage += repeatElement(0, count: storage.count)
        }
    }
}
