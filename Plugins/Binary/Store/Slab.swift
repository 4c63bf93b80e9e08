/// A granule full of blocks of one size, with a header at its beginning.
struct Slab: BitwiseCopyable {
    /// Larger blocks have granules of their own.
    static var largestBlock: Int { 1 << 14 }
    private static var headerBytes: Int { 64 }

    private struct Header: BitwiseCopyable {
        var next: Slab?
        var previous: Slab?
        /// The first of the blocks that were given back; each holds the address of the next.
        var returned: UnsafeMutableRawPointer?
        /// Where the blocks begin that were never handed out: their pages are not touched before they are needed.
        var untouched = Slab.headerBytes
        var blockBytes: Int
        var blocksInUse = 0
    }

    private let header: UnsafeMutablePointer<Header>

    init(_ granule: UnsafeMutableRawPointer, blockBytes: Int) {
        header = granule.bindMemory(to: Header.self, capacity: 1)
        header.initialize(to: Header(blockBytes: blockBytes))
    }

    /// The slab in which a block lies.
    init(of block: UnsafeMutableRawPointer) {
        let base = UnsafeMutableRawPointer(bitPattern: UInt(bitPattern: block) & ~UInt(Region.granuleBytes - 1))
        header = base!.assumingMemoryBound(to: Header.self)
    }

    var granule: UnsafeMutableRawPointer { UnsafeMutableRawPointer(header) }
    var isEmpty: Bool { header.pointee.blocksInUse == 0 }
    var isFull: Bool {
        header.pointee.returned == nil
            && header.pointee.untouched + header.pointee.blockBytes > Region.granuleBytes
    }

    /// From a slab that is not full.
    func take() -> UnsafeMutableRawPointer {
        assert(!isFull, "a block of a full slab")
        header.pointee.blocksInUse += 1
        if let block = header.pointee.returned {
            header.pointee.returned = block.load(as: UnsafeMutableRawPointer?.self)
            return block
        }
        defer { header.pointee.untouched += header.pointee.blockBytes }
        return granule + header.pointee.untouched
    }

    func giveBack(_ block: UnsafeMutableRawPointer) {
        assert(!isEmpty, "a block is freed twice")
        block.storeBytes(of: header.pointee.returned, as: UnsafeMutableRawPointer?.self)
        header.pointee.returned = block
        header.pointee.blocksInUse -= 1
    }

    // MARK: The list of slabs of one size that are not full

    func link(before first: inout Slab?) {
        header.pointee.previous = nil
        header.pointee.next = first
        first?.header.pointee.previous = self
        first = self
    }

    func unlink(from first: inout Slab?) {
        let (next, previous) = (header.pointee.next, header.pointee.previous)
        next?.header.pointee.previous = previous
        if let previous { previous.header.pointee.next = next } else { first = next }
    }
}

/// Sizes of blocks: every 16 bytes up to 256, from there eight between two powers of two, so that at most an eighth of a
/// block lies idle.
struct BlockSize {
    static var count: Int { 64 }

    let index: Int
    let bytes: Int

    init(for bytes: Int) {
        assert(bytes > 0 && bytes <= Slab.largestBlock, "no block has this size")
        if bytes <= 256 {
            index = (bytes - 1) / 16
            self.bytes = (index + 1) * 16
        } else {
            let exponent = Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount
            let eighths = (bytes - 1) >> (exponent - 3)
            index = 16 + (exponent - 8) * 8 + (eighths & 7)
            self.bytes = (eighths + 1) << (exponent - 3)
        }
    }
}
