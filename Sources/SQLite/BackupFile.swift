import CLinux
import Glibc
import SQL

/// The file of a copy, under another name until all of it is on the disk: one of that name is always whole.
struct BackupFile: ~Copyable {
    /// The other name. It is the same for all copies to one place, so that what a host leaves behind that dies does not add up.
    let path: String
    private let destination: String
    private let replaces: Bool
    /// Open until SQLite has closed the file: it has the lock. flock(2)
    private let descriptor: Int32

    /// - Parameters:
    ///   - destination: absolute.
    ///   - replaces: it may be there already.
    init(_ destination: String, replaces: Bool) throws(DatabaseError) {
        let path = destination + ".partial"
        guard replaces || !Self.exists(destination) else { throw Self.occupied(destination) }
        try Self.checkKind(destination)
        let descriptor = try Self.opened(path)
        (self.path, self.destination, self.replaces) = (path, destination, replaces)
        self.descriptor = descriptor
    }

    private static func opened(_ path: String) throws(DatabaseError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw failure("open \(path)", errno) }
        do throws(DatabaseError) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw DatabaseError(.busy, "\(path): another backup to the same file is running")
            }
            try checkOwner(descriptor, path)
            // What a host has left behind that has died.
            guard ftruncate(descriptor, 0) == 0, fchmod(descriptor, 0o600) == 0 else {
                throw failure("empty \(path)", errno)
            }
            for suffix in suffixes { unlink(path + suffix) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    deinit { close(descriptor) }

    /// What SQLite may make beside a file.
    private static let suffixes = ["-journal", "-wal", "-shm"]

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func occupied(_ path: String) -> DatabaseError {
        DatabaseError(.denied, "\(path) is there already; to replace it: --force")
    }

    /// Nothing is replaced but a file, and no database that a host has open, nor what SQLite keeps beside one.
    private static func checkKind(_ path: String) throws(DatabaseError) {
        var status = stat()
        guard lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            throw DatabaseError(.denied, "\(path): expected a file or nothing, found something else")
        }
        guard !exists(path + DatabaseLock.suffix) else {
            throw DatabaseError(.denied, "\(path) is a database of Martlet: \(path + DatabaseLock.suffix) is beside it")
        }
        for suffix in suffixes + [DatabaseLock.suffix] where path.hasSuffix(suffix) {
            let database = String(path.dropLast(suffix.count))
            guard !exists(database) else { throw DatabaseError(.denied, "\(path) belongs to the database \(database)") }
        }
    }

    /// In a folder that others can write to, one of them may have made the file, and have it open.
    private static func checkOwner(_ descriptor: Int32, _ path: String) throws(DatabaseError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat \(path)", errno) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(), status.st_nlink == 1 else {
            throw DatabaseError(.denied, "\(path) is there already, and not from a backup of user \(geteuid())")
        }
    }

    private static func failure(_ task: String, _ code: Int32) -> DatabaseError {
        let text = "\(task): \(String(cString: strerror(code)))"
        return switch code {
        case ENOSPC, EDQUOT, EFBIG: DatabaseError(.full, text)
        case EACCES, EPERM, EROFS:
            DatabaseError(.denied, "\(text) (the host writes the file, as user \(geteuid()))")
        default: DatabaseError(.other, text)
        }
    }

    /// Writes what there is to the disk.
    func write() throws(DatabaseError) {
        guard fdatasync(descriptor) == 0 else { throw Self.failure("fdatasync \(path)", errno) }
    }

    /// Gives the file its name. SQLite must have closed it.
    ///
    /// - Returns: its size in bytes.
    func finish() throws(DatabaseError) -> UInt64 {
        var status = stat()
        guard fsync(descriptor) == 0, fstat(descriptor, &status) == 0 else {
            throw Self.failure("fsync \(path)", errno)
        }
        guard linux_rename(path, destination, replaces ? 1 : 0) == 0 else {
            throw errno == EEXIST ? Self.occupied(destination) : Self.failure("rename \(path) to \(destination)", errno)
        }
        let folder = destination.lastIndex(of: "/").map { String(destination[..<$0]) } ?? ""
        let parent = open(folder + "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if parent >= 0 { close(parent) } }
        guard parent >= 0, fsync(parent) == 0 else { throw Self.failure("fsync the folder of \(destination)", errno) }
        return UInt64(status.st_size)
    }

    /// Removes what was written.
    func abandon() {
        for suffix in [""] + Self.suffixes { unlink(path + suffix) }
    }
}
