import Glibc

@testable import Instances
@testable import PluginHost

/// A folder (mode 0700) that is removed after the test.
final class TrustFolder {
    let path: String

    init() {
        var template = Array("/tmp/martlet-trust-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    func makeFolder(_ name: String) {
        mkdir(path(name), 0o755)
        chmod(path(name), 0o755)
    }

    func write(_ name: String, _ text: String) { write(name, Array(text.utf8)) }

    /// With mode 0644.
    func write(_ name: String, _ bytes: [UInt8]) {
        guard let file = fopen(path(name), "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        chmod(path(name), 0o644)
    }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        return lstat(path(name), &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    func text(_ name: String) -> String {
        let bytes = try? RegularFile.read(path(name), limit: 1 << 20, check: { _, _ in nil })
        return bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    var names: [String] { Self.names(in: path) }

    static func list(_ path: String) -> [String] { names(in: path) }

    private static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        for name in names(in: path) { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
