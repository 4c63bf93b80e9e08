import Glibc

/// What an open of a path came to.
enum OpenedFile {
    /// Open, and the caller closes it.
    case regular(Int32, FileIdentity)
    case other(FileLookup)

    /// `result` is a descriptor or a negative errno.
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
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .regular(result, FileIdentity(status))
        case S_IFDIR:
            close(result)
            self = .other(.directory)
        default:
            close(result)
            self = .other(.forbidden)
        }
    }
}

extension FileLookup {
    init(errno code: Int32) {
        switch code {
        case ENOENT, ENOTDIR, ENAMETOOLONG: self = .missing
        // EXDEV: a symbolic link that leads out of the folder. ELOOP: one that leads nowhere, or none are followed.
        // ENXIO, ENODEV: a socket, a device without a driver.
        case EACCES, EPERM, EXDEV, ELOOP, ENXIO, ENODEV: self = .forbidden
        case EMFILE, ENFILE, ENOMEM: self = .unavailable
        default: self = .failed
        }
    }
}
