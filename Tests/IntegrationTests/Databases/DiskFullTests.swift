import Glibc
import Testing

/// A file of SQLite on a small file system, which only the server's processes see.
@Suite struct DiskFullTests {
    /// Words before a command that mount a file system of 4 MiB for it, half of it taken by a file.
    private static func launcher(_ folder: String) -> [String] {
        let script = """
            mount -t tmpfs -o size=4m,mode=755 tmpfs '\(folder)' && head -c 2m /dev/zero > '\(folder)/ballast' && exec "$@"
            """
        return ["unshare", geteuid() == 0 ? "-m" : "-Urm", "sh", "-c", script, "sh"]
    }

    private static let canMount: Bool = {
        guard let folder = try? TemporaryFolder() else { return false }
        let words = launcher(folder.path) + ["true"]
        return (try? Subprocess.run(words[0], Array(words.dropFirst())).status) == 0
    }()

    @Test(.enabled(if: canMount, "unshare cannot mount a tmpfs here"), arguments: StorePlugin.allCases)
    func aFullDiskLosesNothing(_ plugin: StorePlugin) throws {
        let disk = try TemporaryFolder()
        let store = try StoreServer(url: "sqlite:\(disk.path)/main.db", launcher: Self.launcher(disk.path))
        let client = try store.connect(to: plugin)
        let value = patternBytes(100_000)
        var kept = 0
        let error = try #require(throws: StoreError.self) {
            while kept < 100 {
                try client.set(Array("key \(kept)".utf8), value, milliseconds: 0)
                kept += 1
            }
        }
        // binary: store-full
        #expect(error.description == (plugin == .binary ? "67" : "OOM the database has no space left"))
        #expect(kept > 0)
        func expectAll() throws {
            for number in 0..<kept { #expect(try client.get(Array("key \(number)".utf8)) == value) }
            #expect(try client.get("key \(kept)") == nil)
        }
        try expectAll()
        #expect(throws: StoreError.self) { try client.set(Array("key \(kept)".utf8), value, milliseconds: 0) }
        try expectAll()
        // Space comes back.
        let ballast = "/proc/\(store.server.process.pid)/root\(disk.path)/ballast"
        guard unlink(ballast) == 0 else { throw Failure.system("unlink \(ballast)") }
        try client.set(Array("key \(kept)".utf8), value, milliseconds: 0)
        kept += 1
        try expectAll()
    }
}
