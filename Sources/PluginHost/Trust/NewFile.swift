import CLinux
import Glibc

/// Writes files completely or not at all.
package enum NewFile {
    /// Creates a file that must not exist yet, not even as a dangling link. open(2) with O_EXCL
    package static func create(_ path: String, _ text: String, mode: mode_t) throws(FileProblem) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw FileProblem(
                path, errno == EEXIST ? "already exists and is not overwritten" : "cannot be created: \(errorText())")
        }
        try fill(descriptor, path, Array(text.utf8), mode, isSynced: true)
    }

    /// Creates a file, or replaces the one that has its name. mkostemp(3), rename(2)
    package static func replace(_ path: String, _ text: String, mode: mode_t) throws(FileProblem) {
        try replace(path, Array(text.utf8), mode: mode)
    }

    /// - Parameter isSynced: the new file is on the disk under its name when this returns. Without it, a crash of the machine,
    ///   unlike a crash of this process, may leave an empty file. The caller can call `sync` later instead.
    package static func replace(
        _ path: String, _ bytes: [UInt8], mode: mode_t, isSynced: Bool = true
    ) throws(FileProblem) {
        let temporary = try create(bytes, beside: path, mode: mode, isSynced: isSynced)
        guard rename(temporary, path) == 0 else {
            let reason = "cannot be replaced: \(errorText())"
            unlink(temporary)
            throw FileProblem(path, reason)
        }
        if isSynced { try sync(FileGuard.folder(of: path)) }
    }

    /// Checks that a file can be replaced, by writing its bytes to another one and removing that.
    package static func rehearse(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(FileProblem) {
        unlink(try create(bytes, beside: path, mode: mode, isSynced: false))
    }

    /// Waits until a file, or the names in a folder, are on the disk. fsync(2)
    package static func sync(_ path: String) throws(FileProblem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileProblem(path, "cannot be opened: \(errorText())") }
        defer { close(descriptor) }
        // Some file systems have nothing to sync in a folder, and return EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw FileProblem(path, "cannot be written: \(errorText())")
        }
    }

    /// Writes a new file in the same folder, and returns its path. mkostemp(3)
    private static func create(
        _ bytes: [UInt8], beside path: String, mode: mode_t, isSynced: Bool
    ) throws(FileProblem) -> String {
        var template = Array("\(path).XXXXXX".utf8CString)
        // The probe's child, or a plugin's child process, must not inherit the descriptor.
        let descriptor = linux_mkostemp(&template)
        guard descriptor >= 0 else { throw FileProblem(path, "cannot be created: \(errorText())") }
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try fill(descriptor, temporary, bytes, mode, isSynced: isSynced)
        return temporary
    }

    /// Writes and closes the file; removes it on failure. The mode is exact, whatever the umask.
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

    /// Writes all bytes, in pieces (`RegularFile.pieceSize`); returns nil, or why it failed. write(2)
    static func writeProblem(_ descriptor: Int32, _ bytes: [UInt8]) -> String? {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + written, min(bytes.count - written, RegularFile.pieceSize))
            }
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                return count == 0 ? "write accepted no bytes" : errorText()
            }
        }
        return nil
    }
}

/// A problem with a file.
package struct FileProblem: Error, Sendable, CustomStringConvertible {
    package var file: String
    package var reason: String

    package init(_ file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    package var description: String { "\(file): \(reason)" }
}
