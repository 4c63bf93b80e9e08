import Glibc

/// Where a server keeps its private images and its control socket.
package struct RuntimeDirectory: Sendable {
    package struct Problem: Error, CustomStringConvertible {
        package let description: String
    }

    package let path: String
    package var controlSocket: String { path + "/control.sock" }
    var images: String { path + "/images" }

    /// The configured folder; else `/run/martlet` for root, else `$XDG_RUNTIME_DIR/martlet`, else `/tmp/martlet-` with the user's
    /// number.
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

    /// Creates the folder, and takes the lock that no host inherits.
    func claimGate(isForOthers: Bool) throws(Problem) -> Int32 {
        try PrivateFolder.claim(
            path, "runtime directory", key: "runtime_directory", lockFile: "server.lock", isForOthers: isForOthers)
    }

    /// Creates the folder, private to this user unless its hosts have another, and takes the lock that keeps a second server out of it.
    ///
    /// - Returns: the descriptor that holds the lock, for as long as it is open.
    ///
    /// - Parameter inherited: descriptors of locks that an earlier server has left behind.
    func claim(isForOthers: Bool = false, inherited: [Int32] = []) throws(Problem) -> Int32 {
        try PrivateFolder.claim(
            path, "runtime directory", key: "runtime_directory", lockFile: "lock", isForOthers: isForOthers,
            inherited: inherited)
    }
}
