import Glibc
import Synchronization

/// Plugins in C from `Tests/Fixtures`, compiled on first use.
enum Fixture {
    /// The compiled files, by their compiler command.
    private static let compiled = Mutex<[String: String]>([:])
    /// Lives as long as the process; the janitor removes it.
    private static let folder = Result { try TemporaryFolder() }

    /// The path of the library built from `NAME.c`.
    ///
    /// - Parameters:
    ///   - defines: macros such as `["VERSION": "\"2.0.0\""]`.
    ///   - folder: the folder of `NAME.c` in the package.
    ///   - headers: the folder in the package with the `martlet.h` to compile against.
    static func library(
        _ name: String, defines: [String: String] = [:], in folder: String = "Tests/Fixtures",
        headers: String = "SDK/Sources/CMartlet/include"
    ) throws -> String {
        let flags =
            defines.sorted { $0.key < $1.key }.map { "-D\($0.key)=\($0.value)" } + [
                "-I", "\(BuildFolder.package)/\(headers)",
            ]
        let key = ([folder, name] + flags).joined(separator: " ")
        return try compiled.withLock { compiled in
            if let path = compiled[key] { return path }
            let path = "\(try self.folder.get().path)/\(name)-\(compiled.count).so"
            try compile("\(BuildFolder.package)/\(folder)/\(name).c", flags, to: path)
            compiled[key] = path
            return path
        }
    }

    private static func compile(_ source: String, _ flags: [String], to path: String) throws {
        let arguments =
            [
                "-shared", "-fPIC", "-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden",
                "-D_DEFAULT_SOURCE",
            ] + flags
            + ["-o", path, source]
        let compiler = Self.compiler
        let result = try Subprocess.run(compiler, arguments)
        guard result.status == 0 else { throw Failure("\(compiler) \(source): \(result.errors)") }
        // The server refuses a library that the group can write, which some umasks would allow.
        chmod(path, 0o755)
    }

    /// The Swift toolchain includes clang.
    private static let compiler = Programs.has("cc") ? "cc" : "clang"
}
