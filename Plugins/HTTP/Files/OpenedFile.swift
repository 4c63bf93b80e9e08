import Glibc

/// The result of opening a path.
enum OpenedFile {
    /// An open descriptor, which the caller closes.
    case regular(Int32, FileIdentity)
    case other(FileLookup)

    /// `result` is a descriptor of a regular file or a negative errno.
    init(_ result: Int32) {
        guard result >= 0 else {
            self = .other(FileLookup(errno: -result))
            return
        }
        var status = stat()
        guard fstat(result, &status) == 0 else {
            close(result)
            self = .other(.failed)
            return
        }
        self = .regular(result, FileIdentity(status))
    }
}

extension FileLookup {
    init(errno code: Int32) {
        switch code {
        case ENOENT, ENOTDIR, ENAMETOOLONG: self = .missing
        case EISDIR: self = .directory
        // EXDEV: a symbolic link leads out of the folder. ELOOP: a loop of links, or links are not followed at all.
        // ENXIO: a FIFO, a socket, a device.
        case EACCES, EPERM, EXDEV, ELOOP, ENXIO: self = .forbidden
        case EMFILE, ENFILE, ENOMEM: self = .unavailable
        default: self = .failed
        }
    }
}
