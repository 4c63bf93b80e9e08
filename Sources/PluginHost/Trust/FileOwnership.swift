import Glibc

/// Who can change a file or a folder, as far as stat(2) shows. With a POSIX ACL the group's bits are its mask, so write permission
/// that an ACL grants to others shows here as well.
package struct FileOwnership: Sendable, Equatable {
    /// Why users other than root and the server's user can change it.
    package enum Defect: Sendable, Equatable {
        /// The owner is neither root nor the server's user.
        case stranger
        /// Its group or all users may write it.
        case writableByOthers
        /// A folder such as /tmp: it is sticky, so no user can remove another's files, but every user can add files.
        case shared
    }

    /// As st_mode.
    package var mode: mode_t
    package var owner: uid_t

    package init(mode: mode_t, owner: uid_t) {
        self.mode = mode
        self.owner = owner
    }

    init(_ status: stat) { self.init(mode: status.st_mode, owner: status.st_uid) }

    var isFolder: Bool { mode & S_IFMT == S_IFDIR }

    /// - Parameter user: the effective user of the server.
    package func defect(for user: uid_t) -> Defect? {
        guard owner == 0 || owner == user else { return .stranger }
        guard mode & 0o022 != 0 else { return nil }
        return isFolder && mode & S_ISVTX != 0 ? .shared : .writableByOthers
    }

    /// The defect in a sentence about "it", with the remedy.
    package func problem(path: String, user: uid_t) -> String? {
        switch defect(for: user) {
        case nil: nil
        case .stranger:
            "belongs to user \(owner), not to root or this server's user \(user) (mode \(octalMode)): "
                + "chown \(user) \(shellWord(path))"
        case .writableByOthers:
            "users other than its owner can write it (mode \(octalMode)): chmod go-w \(shellWord(path))"
        case .shared:
            "any user can create files in it (mode \(octalMode)): use a folder that only its owner can write"
        }
    }

    /// As chmod(1) writes it: `0664`.
    private var octalMode: String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

/// A path quoted for a shell, so that a command copied from a message runs as it is meant.
func shellWord(_ path: String) -> String {
    let isPlain =
        !path.isEmpty && !path.hasPrefix("-")
        && path.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil || "/._-+@%:,=".unicodeScalars.contains($0)
        }
    guard !isPlain else { return path }
    return "'" + (path.hasPrefix("-") ? "./" : "") + path.replacing("'", with: #"'\''"#) + "'"
}
