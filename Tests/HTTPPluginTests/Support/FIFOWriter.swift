import Glibc
import Synchronization

/// A thread that opens a FIFO to write, and waits there until somebody reads.
final class FIFOWriter: Sendable {
    private let path: String
    private let text: String
    /// The thread's folder in /proc, relative to it; empty: it has not begun.
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
        // A reader that has left again must show as an error and not end the tests.
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

    /// Until the thread sleeps: there is nothing but the FIFO that it could wait for.
    func waitUntilItWaits() throws {
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
        // The name stands in parentheses, and may hold any of them.
        let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
        return text.lastIndex(of: ")").flatMap { text[$0...].dropFirst(2).first }
    }

    /// Opens the other end, which lets the writer go on, and reads what it writes.
    func read() throws -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Failure(problem: "open \(path): \(errno)") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = Glibc.read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}
