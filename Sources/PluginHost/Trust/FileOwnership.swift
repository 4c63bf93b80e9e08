import Glibc

/// Who can change a file or a folder, as far as stat(2) tells. With a POSIX ACL the group's bits are its mask, so what an
/// ACL lets others write shows here as well.
package struct FileOwnership: Sendable, Equatable {
    /// Why somebody other than root and the server's user can have a hand in it.
    package enum Defect: Sendable, Equatable {
        /// The owner is neither root nor the server's user.
        case stranger
        /// Its group or everybody may write it.
        case writableByOthers
        /// A folder such as /tmp: sticky, so nobody removes what is another's, but everybody may add files.
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

    /// The defect in a sentence about "it", with the way out.
    package func problem(path: String, user: uid_t) -> String? {
        switch defect(for: user) {
        case nil: nil
        case .stranger:
            "belongs to user \(owner), not to root or this server's user \(user) (mode \(octalMode)): "
                + "chown \(user) \(shellWord(path))"
        case .writableByOthers:
            "others than its owner can write it (mode \(octalMode)): chmod go-w \(shellWord(path))"
        case .shared:
            "everybody can put files into it (mode \(octalMode)): use a folder that only its owner can write"
        }
    }

    /// As chmod(1) writes it: `0664`.
    private var octalMode: String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}

/// A path such as a shell takes it, so that who copies the command from a message runs no other.
func shellWord(_ path: String) -> String {
    let isPlain =
        !path.isEmpty && !path.hasPrefix("-")
        && path.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil || "/._-+@%:,=".unicodeScalars.contains($0)
        }
    guard !isPlain else { return path }
    return "'" + (path.hasPrefix("-") ? "./" : "") + path.replacing("'", with: #"'\''"#) + "'"
}
