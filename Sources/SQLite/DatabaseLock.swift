import Glibc
import SQL

/// Keeps a file of SQLite for the writer of one process: a lock on a file beside it. flock(2)
///
/// Two processes that write to one file, or make checkpoints, can damage it (SQLite before 3.51.3). The kernel lets go of the lock when
/// the process ends.
struct DatabaseLock: ~Copyable {
    static let suffix = "-lock"

    private let descriptor: Int32

    init(_ path: String) throws(DatabaseError) {
        let file = path + Self.suffix
        descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw DatabaseError(.away, "open \(file): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(descriptor) }
            throw DatabaseError(.busy, "\(path): \(Self.holder(descriptor)) has it open for writing")
        }
        let text = "\(getpid())\n"
        ftruncate(descriptor, 0)
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(count, 0)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return Int(text).map { "process \($0)" } ?? "another process"
    }

    deinit { close(descriptor) }
}
