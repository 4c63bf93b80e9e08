import Glibc

/// Writes small files that are there whole or not at all.
enum NewFile {
    /// A file that must not exist yet, not even as a dangling link. open(2) with O_EXCL
    static func create(_ path: String, _ text: String, mode: mode_t) throws(KeyProblem) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw KeyProblem(
                path, errno == EEXIST ? "is there already and is not overwritten" : "cannot be made: \(errorText())")
        }
        try fill(descriptor, path, text, mode)
    }

    /// A file that takes the place of whatever has its name. mkstemp(3), rename(2)
    static func replace(_ path: String, _ text: String, mode: mode_t) throws(KeyProblem) {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw KeyProblem(path, "cannot be made: \(errorText())") }
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try fill(descriptor, temporary, text, mode)
        guard rename(temporary, path) == 0 else {
            let reason = "cannot be replaced: \(errorText())"
            unlink(temporary)
            throw KeyProblem(path, reason)
        }
    }

    /// Writes and closes; removes the file when that fails. The mode is exact, whatever the umask.
    private static func fill(
        _ descriptor: Int32, _ path: String, _ text: String, _ mode: mode_t
    ) throws(KeyProblem) {
        let bytes = Array(text.utf8)
        var isDone = write(descriptor, bytes, bytes.count) == bytes.count
        isDone = isDone && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0
        let reason = "cannot be written: \(errorText())"
        isDone = close(descriptor) == 0 && isDone
        guard isDone else {
            unlink(path)
            throw KeyProblem(path, reason)
        }
    }
}
