import Glibc

/// Writes small files that are there whole or not at all.
package enum NewFile {
    /// A file that must not exist yet, not even as a dangling link. open(2) with O_EXCL
    package static func create(_ path: String, _ text: String, mode: mode_t) throws(FileProblem) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw FileProblem(
                path, errno == EEXIST ? "is there already and is not overwritten" : "cannot be made: \(errorText())")
        }
        try fill(descriptor, path, text, mode)
    }

    /// A file that takes the place of whatever has its name. mkstemp(3), rename(2)
    static func replace(_ path: String, _ text: String, mode: mode_t) throws(FileProblem) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw FileProblem(path, "cannot be made: \(errorText())") }
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try fill(descriptor, temporary, text, mode)
        guard rename(temporary, path) == 0 else {
            let reason = "cannot be replaced: \(errorText())"
            unlink(temporary)
            throw FileProblem(path, reason)
        }
    }

    /// Writes and closes; removes the file when that fails. The mode is exact, whatever the umask.
    private static func fill(
        _ descriptor: Int32, _ path: String, _ text: String, _ mode: mode_t
    ) throws(FileProblem) {
        let bytes = Array(text.utf8)
        var isDone = write(descriptor, bytes, bytes.count) == bytes.count
        isDone = isDone && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0
        let reason = "cannot be written: \(errorText())"
        isDone = close(descriptor) == 0 && isDone
        guard isDone else {
            unlink(path)
            throw FileProblem(path, reason)
        }
    }
}

/// What went wrong with a file.
package struct FileProblem: Error, Sendable, CustomStringConvertible {
    package var file: String
    package var reason: String

    init(_ file: String, _ reason: String) {
        self.file = file
        self.reason = reason
    }

    package var description: String { "\(file): \(reason)" }
}
