import Glibc
import Threads

/// A folder that belongs to this user and to one server at a time.
enum PrivateFolder {
    /// Creates the folder, private to this user, and takes the lock that keeps a second server out of it.
    ///
    /// - Parameters:
    ///   - name: what the folder is, such as "runtime directory".
    ///   - key: the key of `martlet.toml` that chooses another folder.
    ///   - inherited: if one of these holds the lock, it does so for the caller.
    ///   - isForOthers: others may go through it, to what they know by name.
    /// - Returns: the descriptor that holds the lock, for as long as it is open.
    static func claim(
        _ path: String, _ name: String, key: String, lockFile: String, isForOthers: Bool = false,
        inherited: [Int32] = []
    ) throws(RuntimeDirectory.Problem) -> Int32 {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw .init(description: "cannot make the \(name) \(path): \(text(errno))")
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .init(description: "the \(name) \(path) is not a folder")
        }
        guard status.st_uid == geteuid() else {
            throw .init(description: "the \(name) \(path) belongs to user \(status.st_uid), not to this one")
        }
        guard chmod(path, isForOthers ? 0o711 : 0o700) == 0 else {
            throw .init(description: "cannot make the \(name) \(path) private: \(text(errno))")
        }
        let lock = open("\(path)/\(lockFile)", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .init(description: "cannot open \(path)/\(lockFile): \(text(errno))") }
        if let held = inherited.first(where: { isSame($0, lock) }) {
            close(lock)
            return fcntl(held, F_DUPFD_CLOEXEC, 3)
        }
        // The host of a server that was killed ends right after it.
        let patience = Deadline.after(milliseconds: 1_000)
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            guard patience.isOver else {
                poll(nil, 0, 10)
                continue
            }
            close(lock)
            throw .init(
                description: "another server uses the \(name) \(path); stop it, or set \(key) in martlet.toml")
        }
        return lock
    }

    /// Creates the missing folders above a folder, private to this user. mkdir(2)
    static func makeParents(of path: String) {
        for (index, character) in zip(path.indices, path) where character == "/" && index > path.startIndex {
            mkdir(String(path[..<index]), 0o700)
        }
    }

    private static func isSame(_ one: Int32, _ other: Int32) -> Bool {
        var (first, second) = (stat(), stat())
        return fstat(one, &first) == 0 && fstat(other, &second) == 0
            && first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    static func isSame(_ one: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(one, &first) == 0 && stat(other, &second) == 0
            && first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}

func text(_ errno: Int32) -> String { String(cString: strerror(errno)) }
