import Glibc

/// Text operations on paths. `..` is kept: after a symbolic link it does not undo the component before it.
package enum FilePath {
    /// `path` made absolute against `folder`, without `.` and doubled slashes.
    package static func absolute(_ path: String, in folder: String) -> String {
        let joined = path.hasPrefix("/") ? path : folder + "/" + path
        return "/" + joined.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// `path` made absolute against the working directory. getcwd(3)
    package static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let working = unsafe getcwd(nil, 0) else { return absolute(path, in: "/") }
        defer { unsafe free(working) }
        return absolute(path, in: unsafe String(cString: working))
    }

    /// The folder of a file, as written: `plugins.d` for `plugins.d/http.toml`, `.` for `martlet.toml`.
    package static func folder(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }
}
