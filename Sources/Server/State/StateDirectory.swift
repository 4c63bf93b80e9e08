import Glibc
import Instances
import PluginHost

/// Where a server keeps what must outlive it: what is in quarantine or held back, and complete copies of its plugins.
package struct StateDirectory: Sendable {
    /// Empty when there is no place for the directory.
    package let path: String
    /// The configuration names the directory: a server does not start without it.
    let isConfigured: Bool
    var images: String { path + "/images" }

    /// The configured folder; else `/var/lib/martlet` for root, else `$XDG_STATE_HOME/martlet`, else `~/.local/state/martlet`.
    package init(configured: String) {
        isConfigured = !configured.isEmpty
        if isConfigured {
            path = configured
        } else if geteuid() == 0 {
            path = "/var/lib/martlet"
        } else if let folder = Self.folder("XDG_STATE_HOME") {
            path = folder + "/martlet"
        } else {
            path = Self.folder("HOME").map { $0 + "/.local/state/martlet" } ?? ""
        }
    }

    private static func folder(_ variable: String) -> String? {
        getenv(variable).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    /// Creates the folder and takes its lock. The lock of the runtime directory is not enough: two servers with different runtime
    /// directories may have the same state directory.
    ///
    /// - Returns: the descriptor that holds the lock, for as long as it is open.
    func claim(beside runtime: RuntimeDirectory, inherited: [Int32] = []) throws(RuntimeDirectory.Problem) -> Int32 {
        guard !path.isEmpty else {
            throw .init(description: "no place for the state directory: neither XDG_STATE_HOME nor HOME is set")
        }
        PrivateFolder.makeParents(of: path)
        let lock = try PrivateFolder.claim(
            path, "state directory", key: "state_directory", lockFile: "state.lock", inherited: inherited)
        if PrivateFolder.isSame(path, runtime.path) {
            close(lock)
            // Both have a folder "images", and the runtime directory is emptied at each start.
            throw .init(
                description: "the state directory \(path) is also the runtime directory; "
                    + "set state_directory in martlet.toml to another folder")
        }
        return lock
    }
}
