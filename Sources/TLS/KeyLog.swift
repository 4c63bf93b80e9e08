import Glibc

/// Where the secrets of connections are written for debugging, in the format of RFC 9850. Several processes write to the same file.
final class KeyLog: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws(TLSProblem) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else {
            throw TLSProblem(part: .keyLog, text: "SSLKEYLOGFILE: \(path): \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o077 == 0
        else {
            close(descriptor)
            throw TLSProblem(
                part: .keyLog,
                text: "SSLKEYLOGFILE: \(path): expected a file that only this user can read; chmod 600 \(path)")
        }
    }

    deinit { close(descriptor) }

    func write(_ line: UnsafePointer<CChar>) {
        var bytes = Array(UnsafeBufferPointer(start: line, count: strlen(line)).map { UInt8(bitPattern: $0) })
        bytes.append(UInt8(ascii: "\n"))
        // One call for a line, so that lines of several threads do not mix.
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
