import Glibc
import Synchronization
import Telemetry
import Threads

/// The memory for what the host owns of its connections: slots, plain sessions, checkpoints, input and output that wait. It is one file in
/// memory, so the successor of a host that has died finds it there (`Estate`).
///
/// Blocks have sizes of powers of two and never merge: the file is sparse, so only what is touched costs memory. The lists of free blocks
/// are memory of this process alone; its successor needs only what the slots refer to.
package final class Arena: Sendable {
    /// The first bytes of the file.
    struct Header: Equatable {
        /// "martlet" and the version of this layout.
        var magic: UInt64 = 0x01_74_65_6C_74_72_61_6D
        /// Other builds have other slots.
        var slotSize = UInt64(MemoryLayout<ConnectionSlot>.size)
        var linksSize = UInt64(MemoryLayout<ConnectionLinks>.size)
        var recordSize = UInt64(MemoryLayout<RecoveryRecord>.size)
        var segmentSize = UInt64(MemoryLayout<OutputSegment>.size)
        /// Where this process has mapped the file: pointers in it are relative to this.
        var base: UInt64
    }

    /// What is known of the block that begins in a unit.
    struct BlockNote {
        /// The id of the connection that has it; `sharedOwner`: several have it.
        var owner: UInt64
        var capacity: UInt64
    }

    /// The smallest block has 128 bytes.
    private static let leastShift = 7
    /// Smaller blocks are parts of a page.
    private static let pageShift = 12
    /// Blocks of this size and larger ones go back to the kernel at once, as free(3) does it.
    private static let largeShift = 17
    private static let mostShift = 36
    /// Blocks of at least this size have a note.
    static let unit = 1 << 10
    static let sharedOwner = UInt64.max

    /// The slots: `SlotDirectory.chunkLimit` entries.
    static let chunkTableOffset = 4_096
    private static let notesOffset = chunkTableOffset + SlotDirectory.chunkLimit * MemoryLayout<ChunkEntry>.stride

    /// A chunk of slots.
    struct ChunkEntry {
        /// From the beginning of the file; 0: there is no chunk.
        var offset: UInt64
        var loop: UInt64
    }

    /// Where the blocks begin in a file of this size.
    static func blocksOffset(size: Int) -> Int {
        (notesOffset + size / unit * MemoryLayout<BlockNote>.stride + 0xF_FFFF) & ~0xF_FFFF
    }

    private struct State {
        /// Everything from here on was never used.
        var frontier: Int
        /// Offsets of free blocks, by the binary logarithm of their size.
        var free: [[Int]]
        /// Free blocks that may still have memory.
        var isTrimmed = true
    }

    private let memory: SharedMemory
    /// Gives memory back to the kernel.
    private let removal: Int32
    private let state: Mutex<State>

    /// - Parameters:
    ///   - isInFile: false: no other process can map it.
    ///   - size: of the address space that it takes; nil: more than is ever used, but at most an eighth of what there is (RLIMIT_AS).
    package init(isInFile: Bool, size: Int? = nil) throws(SystemError) {
        var size = size ?? Self.usualSize(isInFile: isInFile)
        while true {
            do throws(SystemError) {
                memory = try SharedMemory(isInFile ? "martlet-arena" : nil, size: size)
                break
            } catch {
                // Where memory is not overcommitted (vm.overcommit_memory = 2), what is in no file counts as used.
                guard size > 1 << 26 else { throw error }
                size /= 4
            }
        }
        state = Mutex(
            State(frontier: Self.blocksOffset(size: size), free: Array(repeating: [], count: Self.mostShift + 1)))
        removal = isInFile ? MADV_REMOVE : MADV_DONTNEED
        madvise(memory.base, size, MADV_DONTDUMP)
        memory.base.storeBytes(of: Header(base: UInt64(UInt(bitPattern: memory.base))), as: Header.self)
    }

    private static func usualSize(isInFile: Bool) -> Int {
        let most = isInFile ? 1 << 38 : 1 << 34
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return most }
        return min(most, max(Int(clamping: limit.rlim_cur) / 8 & ~0xF_FFFF, 1 << 24))
    }

    /// Of the file; -1: there is none.
    package var descriptor: Int32 { memory.descriptor }
    var base: UnsafeMutableRawPointer { memory.base }
    var size: Int { memory.size }

    // MARK: Blocks

    private static func shift(of count: Int) -> Int {
        count <= 1 << leastShift ? leastShift : Int.bitWidth - (count - 1).leadingZeroBitCount
    }

    /// A block of at least `count` bytes, aligned to its size or to a page. Its content is undefined. nil: there is no room.
    func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
        let shift = Self.shift(of: count)
        guard shift <= Self.mostShift else { return nil }
        let offset = state.withLock { state -> Int? in
            if let offset = state.free[shift].popLast() { return offset }
            let step = max(1 << shift, 1 << Self.pageShift)
            guard state.frontier <= memory.size - step else { return nil }
            let offset = state.frontier
            state.frontier += step
            // The rest of the page, the lowest block last, which is the first to be taken.
            for part in stride(from: offset + step - 1 << shift, to: offset, by: -(1 << shift)) {
                state.free[shift].append(part)
            }
            return offset
        }
        guard let offset else { return nil }
        if shift >= 10 { note(at: offset).pointee = BlockNote(owner: 0, capacity: 1 << UInt64(shift)) }
        return memory.base + offset
    }

    /// - Parameter count: as it was asked for.
    func free(_ block: UnsafeMutableRawPointer, _ count: Int) {
        let (shift, offset) = (Self.shift(of: count), block - memory.base)
        let isLarge = shift >= Self.largeShift
        if isLarge { madvise(block, 1 << shift, removal) }
        state.withLock { state in
            state.free[shift].append(offset)
            if !isLarge { state.isTrimmed = false }
        }
    }

    /// Returns the memory of free blocks to the kernel: madvise(2), MADV_REMOVE.
    package func trim() {
        state.withLock { state in
            guard !state.isTrimmed else { return }
            state.isTrimmed = true
            for shift in Self.pageShift..<Self.largeShift {
                for offset in state.free[shift] { madvise(memory.base + offset, 1 << shift, removal) }
            }
            for shift in Self.leastShift..<Self.pageShift { trimPages(state.free[shift], shift) }
        }
    }

    /// Pages whose blocks are all free.
    private func trimPages(_ free: [Int], _ shift: Int) {
        var counts: [Int: Int] = [:]
        for offset in free { counts[offset >> Self.pageShift, default: 0] += 1 }
        for (page, count) in counts where count == 1 << (Self.pageShift - shift) {
            madvise(memory.base + page << Self.pageShift, 1 << Self.pageShift, removal)
        }
    }

    // MARK: What the successor reads

    /// Says to whom a block of at least `unit` bytes belongs.
    @inline(__always)
    func note(_ block: UnsafeMutableRawPointer, isOf owner: UInt64) {
        note(at: block - memory.base).pointee.owner = owner
    }

    private func note(at offset: Int) -> UnsafeMutablePointer<BlockNote> {
        (memory.base + Self.notesOffset).assumingMemoryBound(to: BlockNote.self) + offset / Self.unit
    }

    /// Lists a chunk of slots under its number.
    func list(chunk: UnsafeMutableRawPointer, as number: Int, of loop: UInt32) {
        let entry = (memory.base + Self.chunkTableOffset).assumingMemoryBound(to: ChunkEntry.self) + number
        entry.pointee = ChunkEntry(offset: UInt64(chunk - memory.base), loop: UInt64(loop))
    }

    /// The note of a block in the file of another process. nil: no block begins there.
    static func note(at offset: Int, in file: UnsafeRawBufferPointer) -> BlockNote? {
        guard offset >= blocksOffset(size: file.count), offset < file.count, offset % unit == 0 else { return nil }
        let place = notesOffset + offset / unit * MemoryLayout<BlockNote>.stride
        return file.loadUnaligned(fromByteOffset: place, as: BlockNote.self)
    }
}
