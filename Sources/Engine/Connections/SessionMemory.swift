import Glibc
import PluginABI

/// The memory for sessions of one instance on one loop, if the plugin leaves it to the host. The chunks never move. Each session is followed
/// by the id of its connection: `RecoveryRecord`.
struct SessionMemory: ~Copyable {
    private static let chunkBytes = 16 << 10

    private let size: Int
    private let stride: Int
    private let arena: Arena
    private var chunks: ContiguousArray<UnsafeMutableRawPointer> = []
    /// The first free place. Each free place has the address of the next in its first word.
    private var free: UnsafeMutableRawPointer?

    init(_ layout: SessionLayout, arena: Arena) {
        self.arena = arena
        size = layout.size
        let alignment = max(layout.alignment, MemoryLayout<UnsafeMutableRawPointer>.alignment)
        let used = RecoveryRecord.ownerOffset(max(size, MemoryLayout<UnsafeMutableRawPointer>.size)) + 8
        stride = (used + alignment - 1) & ~(alignment - 1)
    }

    /// A place for one session, all 0. nil: there is no memory.
    ///
    /// - Parameter owner: its connection.
    mutating func take(for owner: ConnectionPointer) -> UnsafeMutableRawPointer? {
        guard _fastPath(free != nil) || addChunk(), let place = free else { return nil }
        free = place.load(as: UnsafeMutableRawPointer?.self)
        memset(place, 0, size)
        (place + RecoveryRecord.ownerOffset(size)).storeBytes(of: owner.id.rawValue, as: UInt64.self)
        return place
    }

    mutating func give(_ place: UnsafeMutableRawPointer) {
        place.storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
        free = place
    }

    /// Between two instances with the same layout.
    func copy(_ session: UnsafeRawPointer, to place: UnsafeMutableRawPointer) { memcpy(place, session, size) }

    private var chunkSize: Int { max(Self.chunkBytes / stride, 1) * stride }

    private mutating func addChunk() -> Bool {
        // Aligned to a page: its size is at least 16 KiB, or one session, which is larger than that.
        guard let chunk = arena.allocate(chunkSize) else { return false }
        chunks.append(chunk)
        // The lowest place is taken first.
        for index in (0..<chunkSize / stride).reversed() { give(chunk + index * stride) }
        return true
    }

    deinit {
        for chunk in chunks { arena.free(chunk, chunkSize) }
    }
}
