import CLinux
import Glibc
import Threads

/// The pages that the event loops of an engine publish, in one file in memory (memfd_create(2)). A process that maps the file reads the
/// counters at any time, also when the process that writes them hangs or has died.
package final class PublishedPages: Sendable {
    /// The first bytes of the file.
    private struct Header: Equatable {
        /// "martlet" and the version of this layout.
        var magic: UInt64 = 0x01_74_65_6C_74_72_61_6D
        var pageSize = UInt64(LoopPage.size)
        var loopCount: UInt64

        static let size = 4_096
    }

    /// Of the file; -1: the pages are in memory of this process alone.
    package let descriptor: Int32
    /// In the order of the loops.
    package let loops: [LoopPage]
    nonisolated(unsafe) private let base: UnsafeMutableRawPointer
    private let size: Int

    /// Zeroed pages. ftruncate(2), mmap(2)
    ///
    /// - Parameter isInFile: false: no other process can read them, and no file is needed.
    init(loopCount: Int, isInFile: Bool) throws(SystemError) {
        let header = Header(loopCount: UInt64(loopCount))
        size = Header.size + loopCount * LoopPage.size
        let file = isInFile ? linux_memory_file("martlet-published") : -1
        guard file >= 0 || !isInFile else { throw SystemError("memfd_create") }
        do throws(SystemError) {
            // The size never changes, so a reader cannot be killed by SIGBUS.
            guard !isInFile || ftruncate(file, off_t(size)) == 0 else { throw SystemError("ftruncate") }
            guard !isInFile || linux_seal(file, 0) == 0 else { throw SystemError("fcntl", "F_ADD_SEALS") }
            base = try mapped(file, size, PROT_READ | PROT_WRITE)
        } catch {
            if file >= 0 { close(file) }
            throw error
        }
        base.storeBytes(of: header, as: Header.self)
        descriptor = file
        loops = Self.pages(at: base, loopCount)
    }

    /// The pages of another process, to be read only. Takes the descriptor, also when it fails.
    package init(reading file: Int32) throws(SystemError) {
        do throws(SystemError) {
            var status = stat()
            guard fstat(file, &status) == 0 else { throw SystemError("fstat") }
            guard linux_is_sealed(file, 0) != 0, Int(status.st_size) >= Header.size else { throw Self.foreign }
            size = Int(status.st_size)
            base = try mapped(file, size, PROT_READ)
            let header = base.load(as: Header.self)
            guard header == Header(loopCount: header.loopCount),
                header.loopCount == UInt64((size - Header.size) / LoopPage.size),
                (size - Header.size) % LoopPage.size == 0
            else {
                munmap(base, size)
                throw Self.foreign
            }
            loops = Self.pages(at: base, Int(header.loopCount))
        } catch {
            close(file)
            throw error
        }
        descriptor = file
    }

    private static var foreign: SystemError {
        SystemError("map", "the published pages of another build", errno: EINVAL)
    }

    private static func pages(at base: UnsafeMutableRawPointer, _ count: Int) -> [LoopPage] {
        (0..<count).map { LoopPage(base + Header.size + $0 * LoopPage.size) }
    }

    deinit {
        munmap(base, size)
        if descriptor >= 0 { close(descriptor) }
    }
}

private func mapped(_ file: Int32, _ size: Int, _ protection: Int32) throws(SystemError) -> UnsafeMutableRawPointer {
    let flags = file >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS
    guard let memory = mmap(nil, size, protection, flags, file, 0), memory != MAP_FAILED else {
        throw SystemError("mmap")
    }
    return memory
}
