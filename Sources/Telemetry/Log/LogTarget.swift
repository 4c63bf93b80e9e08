import Glibc

/// Where log lines are written: a file, or a descriptor that the process was started with.
struct LogTarget {
    /// A write of at most this many bytes to a pipe is atomic (pipe(7)), and does not block after poll(2) has found room.
    static let pieceSize = Int(PIPE_BUF)
    private static let waitMilliseconds: Int32 = 100

    let descriptor: Int32
    /// nil for a descriptor that this process did not open.
    let path: String?
    private let isOwned: Bool

    /// - Parameter isOwned: it is closed when another target takes its place.
    init(descriptor: Int32, isOwned: Bool) {
        self.descriptor = descriptor
        self.isOwned = isOwned
        path = nil
    }

    /// Opens a file to append to. O_NONBLOCK is for a named pipe: without it, opening a pipe that has no reader would block.
    init(path: String) throws(LogFileProblem) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        descriptor = open(path, flags, 0o640)
        guard descriptor >= 0 else { throw LogFileProblem(path: path, errno: errno) }
        self.path = path
        isOwned = true
    }

    func close() {
        if isOwned { Glibc.close(descriptor) }
    }

    /// Writes all, or as much as is possible.
    ///
    /// - Parameter goesOn: asked every 100 ms, while the target takes nothing, whether to continue.
    /// - Returns: how many bytes were written, and the errno of the error that stopped it, or 0.
    func write(_ bytes: [UInt8], while goesOn: () -> Bool) -> (written: Int, errno: Int32) {
        var written = 0
        while written < bytes.count {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            // An error or a closed descriptor also ends the wait; write(2) then reports it.
            if poll(&entry, 1, Self.waitMilliseconds) == 0 {
                guard goesOn() else { return (written, 0) }
                continue
            }
            let size = min(bytes.count - written, Self.pieceSize)
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, size) }
            if count > 0 {
                written += count
            } else if count == 0 {
                return (written, EIO)
            } else if errno == EAGAIN {
                // poll(2) and the file disagree: do not spin.
                poll(nil, 0, 10)
                guard goesOn() else { return (written, 0) }
            } else if errno != EINTR {
                return (written, errno)
            }
        }
        return (written, 0)
    }
}

/// A log file that cannot be opened.
package struct LogFileProblem: Error, CustomStringConvertible {
    let path: String
    let errno: Int32

    /// Checks whether a file could be opened, without creating it. nil: it could.
    package static func look(at path: String) -> LogFileProblem? {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        if descriptor >= 0 {
            close(descriptor)
            return nil
        }
        guard Glibc.errno == ENOENT else { return LogFileProblem(path: path, errno: Glibc.errno) }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0
            ? nil : LogFileProblem(path: path, errno: Glibc.errno)
    }

    package var description: String { "cannot open the log file \(path): \(String(cString: strerror(errno)))" }
}
