import Glibc
import Synchronization

/// A plugin in C from `Tests/Fixtures`, compiled on first use.
enum Fixture {
    /// Compiled files by their command.
    private static let compiled = Mutex<[String: String]>([:])
    /// Lives as long as the process; the janitor removes it.
    private static let folder = Result { try TemporaryFolder() }

    /// The path of the library that `NAME.c` makes.
    ///
    /// - Parameters:
    ///   - defines: such as `["VERSION": "\"2.0.0\""]`.
    ///   - folder: where it is, in the package.
    ///   - headers: the folder of the `martlet.h` that it is compiled against, in the package.
    static func library(
        _ name: String, defines: [String: String] = [:], in folder: String = "Tests/Fixtures",
        headers: String = "Sources/CMartlet/include"
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
        // Whatever the umask: a library that the group can write is refused.
        chmod(path, 0o755)
    }

    /// Swift brings a clang.
    private static let compiler = Programs.has("cc") ? "cc" : "clang"
}
