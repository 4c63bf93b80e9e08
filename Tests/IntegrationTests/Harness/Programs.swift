import Glibc

/// The programs that are installed on this machine.
enum Programs {
    private static let folders = (getenv("PATH").map { String(cString: $0) } ?? "/usr/bin").split(separator: ":")

    /// Whether a program of this name is on the PATH.
    static func has(_ name: String) -> Bool { folders.contains { access("\($0)/\(name)", X_OK) == 0 } }
}
