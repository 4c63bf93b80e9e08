import Glibc

/// Lists a folder. opendir(3), readdir(3).
package enum FolderListing {
    package struct Problem: Error {
        package var message: String
    }

    /// All names except `.` and `..`, sorted by bytes so that every run reports in the same order.
    package static func names(in directory: String, check: AdmissionCheck? = nil) throws(Problem) -> [String] {
        guard let folder = unsafe opendir(directory) else {
            let error = errno
            switch error {
            case ENOENT: throw Problem(message: "no such directory")
            case ENOTDIR: throw Problem(message: "expected a directory, found a file")
            default: throw Problem(message: "cannot be listed: \(errorText(error))")
            }
        }
        defer { unsafe closedir(folder) }
        if let problem = unsafe check?(dirfd(folder), directory) { throw Problem(message: problem) }
        var names: [String] = []
        errno = 0
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { characters in
                    unsafe String(cString: characters)
                }
            }
            if name != ".", name != ".." { names.append(name) }
            errno = 0
        }
        guard errno == 0 else { throw Problem(message: "cannot be listed: \(errorText(errno))") }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
