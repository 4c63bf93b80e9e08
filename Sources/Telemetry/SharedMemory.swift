import CLinux
import Glibc
import Threads

/// Memory of a fixed size that processes share: a file in memory (memfd_create(2)) whose size is sealed, so nobody who maps it can be killed
/// by SIGBUS.
package final class SharedMemory: Sendable {
    /// Of the file; -1: there is none, and no other process can map the memory.
    package let descriptor: Int32
    nonisolated(unsafe) package let base: UnsafeMutableRawPointer
    package let size: Int

    /// All 0. ftruncate(2), mmap(2)
    ///
    /// - Parameter name: of the file, for proc(5); nil: no file.
    package init(_ name: String?, size: Int) throws(SystemError) {
        let file = name.map { linux_memory_file($0) } ?? -1
        guard file >= 0 || name == nil else { throw SystemError("memfd_create") }
        do throws(SystemError) {
            guard file < 0 || ftruncate(file, off_t(size)) == 0 else { throw SystemError("ftruncate") }
            guard file < 0 || linux_seal(file, 0) == 0 else { throw SystemError("fcntl", "F_ADD_SEALS") }
            base = try mapped(file, size, PROT_READ | PROT_WRITE)
        } catch {
            if file >= 0 { close(file) }
            throw error
        }
        (descriptor, self.size) = (file, size)
    }

    /// The memory of another process. Takes the descriptor, also when it fails.
    ///
    /// - Parameters:
    ///   - what: is in it, for messages: "the quotas".
    ///   - isValid: whether memory of this build can have this size.
    package init(
        sharing file: Int32, _ what: String, isWritable: Bool = true, isValid: (_ size: Int) -> Bool
    ) throws(SystemError) {
        do throws(SystemError) {
            var status = stat()
            guard fstat(file, &status) == 0 else { throw SystemError("fstat") }
            size = Int(status.st_size)
            guard linux_is_sealed(file, 0) != 0, isValid(size) else { throw Self.foreign(what) }
            base = try mapped(file, size, isWritable ? PROT_READ | PROT_WRITE : PROT_READ)
        } catch {
            close(file)
            throw error
        }
        descriptor = file
    }

    /// What is there was made by another build.
    package static func foreign(_ what: String) -> SystemError {
        SystemError("map", "\(what) of another build", errno: EINVAL)
    }

    deinit {
        munmap(base, size)
        if descriptor >= 0 { close(descriptor) }
    }
}

private func mapped(_ file: Int32, _ size: Int, _ protection: Int32) throws(SystemError) -> UnsafeMutableRawPointer {
    let flags = file >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let memory = mmap(nil, size, protection, flags, file, 0), memory != MAP_FAILED else {
        throw SystemError("mmap")
    }
    return memory
}
