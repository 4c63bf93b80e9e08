import Glibc
import PluginABI

/// The memory for sessions of one instance on one loop, if the plugin leaves it to the host. The chunks never move.
struct SessionMemory: ~Copyable {
    private static let chunkBytes = 16 << 10

    private let size: Int
    private let alignment: Int
    private let stride: Int
    private var chunks: ContiguousArray<UnsafeMutableRawPointer> = []
    /// The first free place. Each free place has the address of the next in its first word.
    private var free: UnsafeMutableRawPointer?

    init(_ layout: SessionLayout) {
        size = layout.size
        alignment = max(layout.alignment, MemoryLayout<UnsafeMutableRawPointer>.alignment)
        stride = (max(size, MemoryLayout<UnsafeMutableRawPointer>.size) + alignment - 1) & ~(alignment - 1)
    }

    /// A place for one session, all 0. nil: there is no memory.
    mutating func take() -> UnsafeMutableRawPointer? {
        guard _fastPath(free != nil) || addChunk(), let place = free else { return nil }
        free = place.load(as: UnsafeMutableRawPointer?.self)
        memset(place, 0, size)
        return place
    }

    mutating func give(_ place: UnsafeMutableRawPointer) {
        place.storeBytes(of: free, as: UnsafeMutableRawPointer?.self)
        free = place
    }

    /// Between two instances with the same layout.
    func copy(_ session: UnsafeMutableRawPointer, to place: UnsafeMutableRawPointer) { memcpy(place, session, size) }

    private mutating func addChunk() -> Bool {
        let count = max(Self.chunkBytes / stride, 1)
        var chunk: UnsafeMutableRawPointer?
        guard posix_memalign(&chunk, max(alignment, 16), count * stride) == 0, let chunk else { return false }
        chunks.append(chunk)
        // The lowest place is taken first.
        for index in (0..<count).reversed() { give(chunk + index * stride) }
        return true
    }

    deinit {
        for chunk in chunks { Glibc.free(chunk) }
    }
}
