import Glibc
import Synchronization

/// A thread that opens a FIFO for writing, and blocks until a reader opens it.
final class FIFOWriter: Sendable {
    private let path: String
    private let text: String
    /// The thread's folder, relative to /proc; empty: the thread has not started.
    private let thread = Mutex("")

    struct Failure: Error {
        let problem: String
    }

    init(_ path: String, text: String) throws {
        self.path = path
        self.text = text
        var handle = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(
            &handle, nil,
            { context in
                Unmanaged<FIFOWriter>.fromOpaque(context!).takeRetainedValue().write()
                return nil
            }, context)
        guard result == 0 else { throw Failure(problem: "pthread_create: \(result)") }
        pthread_detach(handle)
    }

    private func write() {
        // If the reader has already closed the FIFO, write must fail and not kill the tests.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        var name = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/thread-self", &name, name.count)
        thread.withLock {
            $0 = String(decoding: name.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
    }

    /// Waits until the thread sleeps: it can only wait for the FIFO.
    func waitUntilItIsBlocked() throws {
        while true {
            let folder = thread.withLock { $0 }
            if !folder.isEmpty, try state(in: folder) == "S" { return }
            sched_yield()
        }
    }

    private func state(in folder: String) throws -> Character? {
        let file = open("/proc/\(folder)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(problem: "the writer has ended") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = Glibc.read(file, &bytes, bytes.count)
        // The name is in parentheses, and may contain parentheses.
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        return text.lastIndex(of: ")").flatMap { text[$0...].dropFirst(2).first }
    }

    /// Opens the other end, which unblocks the writer, and reads its text.
    func read() throws -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(problem: "open \(path): \(errno)") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = Glibc.read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
