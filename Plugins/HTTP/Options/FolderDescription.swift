import CFileAccess
import Glibc
import MartletKit

/// The folder of a route with a `root`.
struct FolderDescription: Sendable {
    /// Absolute.
    let root: String
    /// A plain file name.
    let index: String
    let cacheControl: FieldText?

    init(_ options: Options) throws(OptionError) {
        root = try options.text("root")
        index = try options.text("index")
        cacheControl = try FieldText(optional: "cache_control", of: options)
        if index.isEmpty || index == "." || index == ".." || index.utf8.contains(0x2F) || index.utf8.contains(0) {
            throw OptionError(options.pathOf("index"), "expected the name of a file, found \"\(index)\"")
        }
        if let problem = Self.problem(openingFolder: root) { throw OptionError(options.pathOf("root"), problem) }
    }

    private static func problem(openingFolder path: String) -> String? {
        let descriptor = file_access_open_folder(path)
        if descriptor >= 0 { close(descriptor) }
        switch -descriptor {
        case ENOENT: return "no such directory \"\(path)\""
        case ENOTDIR: return "\"\(path)\" is not a directory"
        case 1...: return "cannot open the directory \"\(path)\": \(String(cString: strerror(-descriptor)))"
        // Search permission is enough: files are opened by name, and folders are never listed.
        default: return access(path, X_OK) == 0 ? nil : "no permission to enter the directory \"\(path)\""
        }
    }
}
