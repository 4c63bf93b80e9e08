import Glibc

/// A folder for one test, removed with its contents when the test releases it.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/martlet-http-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(operation: "mkdtemp", code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    struct Failure: Error {
        let operation: String
        let code: Int32
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file. If it `replaces` another, it is written under another name and renamed, as in a careful deploy.
    @discardableResult
    func write(_ name: String, _ content: [UInt8], modified: Int = 1_600_000_000, replaces: Bool = false) throws
        -> String
    {
        let target = path(name)
        let written = replaces ? target + ".new" : target
        let file = open(written, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { throw Failure(operation: "open \(written)", code: errno) }
        defer { close(file) }
        guard Glibc.write(file, content, content.count) == content.count else {
            throw Failure(operation: "write", code: errno)
        }
        try setModified(name: written, seconds: modified)
        if replaces { try check("rename", rename(written, target)) }
        return target
    }

    @discardableResult
    func write(_ name: String, _ text: String, modified: Int = 1_600_000_000, replaces: Bool = false) throws -> String {
        try write(name, Array(text.utf8), modified: modified, replaces: replaces)
    }

    func folder(_ name: String) throws { try check("mkdir", mkdir(path(name), 0o755)) }

    func link(_ name: String, to target: String) throws { try check("symlink", symlink(target, path(name))) }

    func fifo(_ name: String) throws { try check("mkfifo", mkfifo(path(name), 0o644)) }

    func protect(_ name: String) throws { try check("chmod", chmod(path(name), 0)) }

    func delete(_ name: String) throws { try check("unlink", unlink(path(name))) }

    private func setModified(name: String, seconds: Int) throws {
        let time = timespec(tv_sec: seconds, tv_nsec: 123_456_789)
        try check("utimensat", utimensat(AT_FDCWD, name, [time, time], 0))
    }

    private func check(_ operation: String, _ result: Int32) throws {
        if result != 0 { throw Failure(operation: operation, code: errno) }
    }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR, let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { remove("\(path)/\(name)") }
            }
            closedir(folder)
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
