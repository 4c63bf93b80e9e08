import Addresses
import CLinux
import Configuration
import Glibc

/// Checks whether a server could use the directory, without changing anything.
extension RuntimeDirectory {
    /// The owner of the directory, when it is another user.
    var owner: uid_t? {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_uid != geteuid() ? status.st_uid : nil
    }

    /// - Parameter mayBelongToOthers: for root, who may inspect the directory of another user's server.
    func inspect(mayBelongToOthers: Bool = false) throws(Problem) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            let reason = errno
            guard reason == ENOENT else {
                throw Problem(description: "cannot look at the runtime directory \(path): \(text(reason))")
            }
            return try inspectParent()
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Problem(description: "the runtime directory \(path) is not a folder")
        }
        guard status.st_uid == geteuid() || mayBelongToOthers else {
            throw Problem(
                description: "the runtime directory \(path) belongs to user \(status.st_uid), not to this one")
        }
        // A mode that keeps the owner out is no problem: the server changes it.
        if faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0, errno != EACCES {
            throw Problem(description: "the runtime directory \(path) cannot be written: \(text(errno))")
        }
        try refuseNoexec(path)
    }

    /// The path of the control socket must fit into a socket's address (unix(7)).
    func inspectLength() throws(Problem) {
        let limit = ListenAddress.unixNameLimit - (controlSocket.utf8.count - path.utf8.count)
        guard path.utf8.count > limit else { return }
        throw Problem(
            description: "the runtime directory \(path) has too long a path for its control socket: expected at most "
                + "\(limit) bytes, found \(path.utf8.count); set control_socket, or use a shorter path")
    }

    /// Checks the folder in which the directory would be created.
    private func inspectParent() throws(Problem) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) == 0 else {
            throw Problem(description: "cannot make the runtime directory \(path): \(text(errno))")
        }
        try refuseNoexec(parent)
    }

    private func refuseNoexec(_ folder: String) throws(Problem) {
        guard linux_is_noexec(folder) != 0 else { return }
        throw Problem(
            description: "the runtime directory \(path) is on a file system that is mounted noexec, so no plugin could "
                + "be loaded from it; set runtime_directory in martlet.toml to one that is not")
    }
}
