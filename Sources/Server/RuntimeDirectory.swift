import Glibc

/// Where a server keeps its private images and its control socket.
package struct RuntimeDirectory: Sendable {
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    package let path: String
    package var controlSocket: String { path + "/control.sock" }
    var images: String { path + "/images" }

    /// The configured folder; else `/run/martlet` for root, else `$XDG_RUNTIME_DIR/martlet`, else one in `/tmp` that
    /// carries the user's number.
    package init(configured: String) {
        if !configured.isEmpty {
            path = configured
        } else if geteuid() == 0 {
            path = "/run/martlet"
        } else if let folder = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), folder.hasPrefix("/") {
            path = folder + "/martlet"
        } else {
            path = "/tmp/martlet-\(geteuid())"
        }
    }

    /// Makes the folder, private to this user, and takes the lock that keeps a second server out of it.
    ///
    /// - Returns: the descriptor that holds the lock, for as long as it is open.
    func claim() throws(Problem) -> Int32 {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw Problem(description: "cannot make the runtime directory \(path): \(text(errno))")
        }
        try inspect()
        guard chmod(path, 0o700) == 0 else {
            throw Problem(description: "cannot make the runtime directory \(path) private: \(text(errno))")
        }
        let lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw Problem(description: "cannot open \(path)/lock: \(text(errno))") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw Problem(
                description: "another server uses the runtime directory \(path); "
                    + "stop it, or set runtime_directory in martlet.toml")
        }
        return lock
    }
}

func text(_ errno: Int32) -> String { String(cString: strerror(errno)) }
