import Glibc
import Threads

/// The file of a Unix socket, identified by its inode: when it is removed, the path may belong to another file.
struct SocketFile: Sendable {
    private var path: String
    private let device: dev_t
    private let inode: ino_t

    /// The file that bind(2) has just made. nil: it is gone already.
    init?(_ path: String) {
        guard let status = Self.status(path) else { return nil }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// unlink(2), if the path is still this file.
    func remove() {
        guard let status = Self.status(path), status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    /// rename(2), over whatever is there.
    mutating func move(to new: String) throws(SystemError) {
        guard path != new else { return }
        guard rename(path, new) == 0 else { throw SystemError("rename", new) }
        path = new
    }
}
