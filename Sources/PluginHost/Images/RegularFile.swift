import Glibc

/// Reads a complete regular file, and detects when it changes meanwhile.
package enum RegularFile {
    package struct Problem: Error {
        package let text: String
        package var isMissing = false
    }

    /// open(2), fstat(2), read(2). A FIFO or a device does not block: it is refused.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are accepted.
    ///   - check: may refuse the open file by its descriptor, before anything is read.
    package static func read(
        _ path: String, limit: Int, check: (_ descriptor: Int32, _ path: String) -> String?
    ) throws(Problem) -> [UInt8] {
        try unchanged(path, limit: limit, check: check, then: read)
    }

    /// Hashes the content of a file, without having all of it in memory.
    static func digest(
        _ path: String, limit: Int, check: (_ descriptor: Int32, _ path: String) -> String?
    ) throws(Problem) -> SHA256.Digest {
        try unchanged(path, limit: limit, check: check, then: digest)
    }

    private static func unchanged<Content>(
        _ path: String, limit: Int, check: (_ descriptor: Int32, _ path: String) -> String?,
        then content: (_ descriptor: Int32, _ count: Int) throws(Problem) -> Content
    ) throws(Problem) -> Content {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let isMissing = errno == ENOENT
            throw Problem(text: "cannot be opened: \(errorText())", isMissing: isMissing)
        }
        defer { close(descriptor) }
        var before = stat()
        guard fstat(descriptor, &before) == 0 else { throw Problem(text: "cannot be read: \(errorText())") }
        guard before.st_mode & S_IFMT == S_IFREG else { throw Problem(text: "not a regular file") }
        if let problem = check(descriptor, path) { throw Problem(text: problem) }
        guard before.st_size <= limit else {
            throw Problem(text: "too large: \(before.st_size) bytes, at most \(limit) are accepted")
        }
        let content = try content(descriptor, Int(before.st_size))
        var after = stat()
        guard fstat(descriptor, &after) == 0, after.st_size == before.st_size,
            after.st_mtim.tv_sec == before.st_mtim.tv_sec, after.st_mtim.tv_nsec == before.st_mtim.tv_nsec
        else { throw Problem(text: "changed while it was read; reload again when the copy is complete") }
        return content
    }

    /// The most bytes of one read(2) or write(2). A kernel without preemption does not interrupt a system call for an event loop
    /// that waits for the processor: a plugin of 2 MB in one piece would hold up connections for a millisecond.
    static let pieceSize = 64 << 10

    private static func read(_ descriptor: Int32, count: Int) throws(Problem) -> [UInt8] {
        // The optimised initializer would write to the empty array that all threads share, which ThreadSanitizer reports.
        guard count > 0 else { return [] }
        var failure: String?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let received = Glibc.read(
                    descriptor, buffer.baseAddress! + filled, min(count - filled, pieceSize))
                if received > 0 {
                    filled += received
                } else if received < 0, errno == EINTR {
                    continue
                } else {
                    if received < 0 { failure = "cannot be read: \(errorText())" }
                    return
                }
            }
        }
        if let failure { throw Problem(text: failure) }
        return bytes
    }

    private static func digest(_ descriptor: Int32, count: Int) throws(Problem) -> SHA256.Digest {
        var piece = [UInt8](repeating: 0, count: min(count, pieceSize))
        var left = count
        do {
            var hash = try SHA256()
            while left > 0 {
                let received = Glibc.read(descriptor, &piece, min(left, piece.count))
                if received > 0 {
                    try hash.update(piece.span.extracting(first: received).bytes)
                    left -= received
                } else if received == 0 {
                    break
                } else if errno != EINTR {
                    throw Problem(text: "cannot be read: \(errorText())")
                }
            }
            return try hash.finish()
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(text: "cannot be hashed: \(error)")
        }
    }
}
