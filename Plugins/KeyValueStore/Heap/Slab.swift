/// A granule with blocks of one size, and a header at its beginning.
struct Slab: BitwiseCopyable {
    /// Larger blocks have their own granules.
    static var largestBlock: Int { 1 << 14 }
    private static var headerBytes: Int { 64 }

    private struct Header: BitwiseCopyable {
        var next: Slab?
        var previous: Slab?
        /// The first returned block; each returned block contains the address of the next.
        var returned: UnsafeMutableRawPointer?
        /// The offset of the blocks that were never handed out. Their pages are not touched before they are needed.
        var untouched = Slab.headerBytes
        var blockBytes: Int
        var blocksInUse = 0
    }

    private let header: UnsafeMutablePointer<Header>

    init(_ granule: UnsafeMutableRawPointer, blockBytes: Int) {
        header = granule.bindMemory(to: Header.self, capacity: 1)
        header.initialize(to: Header(blockBytes: blockBytes))
    }

    /// The slab that contains a block.
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

    /// Takes a block from a slab that is not full.
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

/// Sizes of blocks: every 16 bytes up to 256; above that, eight sizes between two powers of two, so that at most an eighth
/// of a block is unused.
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
