import Glibc

/// Refuses files and folders that users other than root and the server's user can change: anyone who can write a plugin file, or
/// choose which one is loaded, controls the server.
///
/// A file is checked by its descriptor, together with the folder that it is in and the folder that its name is in; the two differ
/// for a symbolic link. Folders further up need no check: a user who can write one of them can replace our folder, but not by one
/// that root or the server's user owns, and cannot put a file of theirs into it.
package enum FileGuard {
    /// Why an open file or folder must not be used; nil when it may be. `path` is the path that was opened. fstat(2)
    package static func problem(_ descriptor: Int32, path: String) -> String? {
        problem(descriptor, path: path, user: geteuid())
    }

    static func problem(_ descriptor: Int32, path: String, user: uid_t) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "cannot be examined: \(errorText())" }
        let opened = FileOwnership(status)
        guard !opened.isFolder else { return opened.problem(path: path, user: user) }
        guard let target = linkText("/proc/self/fd/\(descriptor)") else {
            return "cannot be examined: /proc/self/fd: \(errorText())"
        }
        let isLink = isLink(path)
        let problem =
            opened.problem(path: isLink ? target : path, user: user) ?? folderProblem(of: path, user)
            ?? folderProblem(of: target, user)
        return problem.map { isLink ? "links to \(target); \($0)" : $0 }
    }

    /// Checks the folder that a path is in: stat(2).
    private static func folderProblem(of path: String, _ user: uid_t) -> String? {
        let folder = self.folder(of: path)
        var status = stat()
        guard stat(folder, &status) == 0 else { return "its folder \(folder) cannot be examined: \(errorText())" }
        return FileOwnership(status).problem(path: folder, user: user).map { "its folder \(folder): \($0)" }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// readlink(2)
    private static func linkText(_ path: String) -> String? {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &text, text.count)
        guard count > 0 else { return nil }
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
