import Glibc

/// Reads configuration files, and those that they name. The only place in this module that reads file contents.
package enum SourceFile {
    /// Far above any file written by hand; it bounds what a mistake (a `.toml` that is a disk image) can cost.
    package static let sizeLimit = 1 << 20

    package enum Problem: Error {
        case missing(String)
        case unusable(String)

        /// Such as "no such file".
        package var text: String {
            switch self {
            case .missing(let text), .unusable(let text): text
            }
        }
    }

    /// The bytes of a regular file. open(2), fstat(2), read(2).
    ///
    /// - Parameter limit: the largest file, in bytes.
    package static func read(
        _ path: String, check: AdmissionCheck? = nil, limit: Int = sizeLimit
    ) throws(Problem) -> [UInt8] {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw openProblem(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .unusable("cannot be examined: \(errorText(errno))")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .unusable("expected a file, found a directory")
        default: throw .unusable("expected a regular file, found a device, a pipe or a socket")
        }
        if let problem = check?(descriptor, path) { throw .unusable(problem) }
        return try readAll(descriptor, limit)
    }

    private static func readAll(_ descriptor: Int32, _ limit: Int) throws(Problem) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw .unusable("cannot be read: \(errorText(errno))")
            }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw .unusable("expected at most \(SizeText.render(bytes: Int64(limit))), found a larger file")
            }
        }
    }

    private static func openProblem(_ path: String, _ error: Int32) -> Problem {
        var status = stat()
        guard error == ENOENT else { return .unusable("cannot be opened: \(errorText(error))") }
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
            return .unusable("is a symbolic link to a file that does not exist")
        }
        return .missing("no such file")
    }
}

/// strerror(3)
func errorText(_ error: Int32) -> String {
    unsafe String(cString: strerror(error))
}
