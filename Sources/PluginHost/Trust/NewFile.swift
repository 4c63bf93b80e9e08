import CLinux
import Glibc

/// Writes files that are there whole or not at all.
package enum NewFile {
    /// A file that must not exist yet, not even as a dangling link. open(2) with O_EXCL
    package static func create(_ path: String, _ text: String, mode: mode_t) throws(FileProblem) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw FileProblem(
                path, errno == EEXIST ? "is there already and is not overwritten" : "cannot be made: \(errorText())")
        }
        try fill(descriptor, path, Array(text.utf8), mode, isSynced: true)
    }

    /// A file that takes the place of whatever has its name. mkostemp(3), rename(2)
    package static func replace(_ path: String, _ text: String, mode: mode_t) throws(FileProblem) {
        try replace(path, Array(text.utf8), mode: mode)
    }

    /// - Parameter isSynced: the new file is on the disk when this returns, under its name. Without it a crash of the machine,
    ///   unlike one of this process, may leave a file that is empty: `sync` makes up for it later.
    package static func replace(
        _ path: String, _ bytes: [UInt8], mode: mode_t, isSynced: Bool = true
    ) throws(FileProblem) {
        var template = Array("\(path).XXXXXX".utf8CString)
        // The image of the probe, or a plugin's child process, must not inherit it.
        let descriptor = linux_mkostemp(&template)
        guard descriptor >= 0 else { throw FileProblem(path, "cannot be made: \(errorText())") }
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try fill(descriptor, temporary, bytes, mode, isSynced: isSynced)
        guard rename(temporary, path) == 0 else {
            let reason = "cannot be replaced: \(errorText())"
            unlink(temporary)
            throw FileProblem(path, reason)
        }
        if isSynced { try sync(FileGuard.folder(of: path)) }
    }

    /// Waits until a file, or the names in a folder, are on the disk. fsync(2)
    package static func sync(_ path: String) throws(FileProblem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileProblem(path, "cannot be opened: \(errorText())") }
        defer { close(descriptor) }
        // Some file systems have nothing to sync in a folder, and say EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw FileProblem(path, "cannot be written: \(errorText())")
        }
    }

    /// Writes and closes; removes the file when that fails. The mode is exact, whatever the umask.
    private static func fill(
        _ descriptor: Int32, _ path: String, _ bytes: [UInt8], _ mode: mode_t, isSynced: Bool
    ) throws(FileProblem) {
        var failure = writeProblem(descriptor, bytes)
        if failure == nil, fchmod(descriptor, mode) != 0 || isSynced && fsync(descriptor) != 0 {
            failure = errorText()
        }
        if close(descriptor) != 0, failure == nil { failure = errorText() }
        if let failure {
            unlink(path)
            throw FileProblem(path, "cannot be written: \(failure)")
        }
    }

    /// Writes all bytes, in pieces (`RegularFile.pieceSize`); nil, or why that is not possible. write(2)
    static func writeProblem(_ descriptor: Int32, _ bytes: [UInt8]) -> String? {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + written, min(bytes.count - written, RegularFile.pieceSize))
            }
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                return count == 0 ? "no more bytes are taken" : errorText()
            }
        }
        return nil
    }
}

/// What went wrong with a file.
package struct FileProblem: Error, Sendable, CustomStringConvertible {
    package var file: String
    package var reason: String

    package init(_ file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    package var description: String { "\(file): \(reason)" }
}
