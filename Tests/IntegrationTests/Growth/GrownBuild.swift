import Glibc
import Synchronization
import Testing

/// A later version of the ABI, in which every struct has one more member. `scripts/grow-header` makes its headers, and
/// `scripts/build-grown` builds a server and plugins with them.
enum GrownBuild {
    /// The folder with the products of the grown build.
    static let path =
        getenv("MARTLET_GROWN_BIN_DIR").map { String(cString: $0) }
        ?? BuildFolder.package + "/.build/grown/checkout/.build/debug"

    static var martlet: String { path + "/martlet" }
    static let exists = Files.exists(martlet)
    static let howTo = "run scripts/build-grown first"

    static func plugin(_ name: String) -> String { "\(path)/lib\(name).so" }

    /// A launcher that starts the grown server instead of the one that `RunningServer` would start.
    static let launcher = ["sh", "-c", "shift; exec \"$0\" \"$@\"", martlet]

    /// A grown copy of the headers. Lives as long as the process; the janitor removes it.
    private static let headers = Result {
        let folder = try TemporaryFolder()
        let script = """
            set -e
            cd '\(BuildFolder.package)/SDK/Sources/CMartlet/include'
            for file in $(find . -name '*.h'); do
                mkdir -p "$(dirname "$0/$file")"
                '\(BuildFolder.package)/scripts/grow-header' <"$file" >"$0/$file"
            done
            """
        let result = try Subprocess.run("sh", ["-c", script, folder.path])
        guard result.status == 0 else { throw Failure("grow the headers: \(result.errors)") }
        return folder
    }

    private static let compiled = Mutex<[String: String]>([:])

    /// A fixture, built against the grown headers.
    static func fixture(_ name: String, version: String) throws -> String {
        try compiled.withLock { compiled in
            if let path = compiled[name + version] { return path }
            let headers = try self.headers.get().path
            let path = "\(headers)/\(name)-\(version).so"
            let result = try Subprocess.run(
                Programs.has("cc") ? "cc" : "clang",
                [
                    "-shared", "-fPIC", "-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden",
                    "-D_DEFAULT_SOURCE", "-DGROWN", "-DVERSION=\"\(version)\"", "-I", headers, "-o", path,
                    "\(BuildFolder.package)/Tests/Fixtures/\(name).c",
                ])
            guard result.status == 0 else { throw Failure("compile \(name).c: \(result.errors)") }
            chmod(path, 0o755)
            compiled[name + version] = path
            return path
        }
    }
}

/// Whether a host or a plugin is built against today's headers or against grown ones.
enum Age: String, CaseIterable, CustomTestStringConvertible {
    case today, grown

    var testDescription: String { rawValue }
    var abi: String { self == .today ? "1.0" : "1.1" }
    var martlet: String { self == .today ? BuildFolder.martlet : GrownBuild.martlet }

    /// Serves a folder with the server of this age.
    func serve(_ folder: ServerFolder) throws -> RunningServer {
        try RunningServer(folder, launcher: self == .today ? [] : GrownBuild.launcher)
    }

    func fixture(_ name: String, version: String) throws -> String {
        switch self {
        case .today: try Fixture.library(name, defines: ["VERSION": "\"\(version)\""])
        case .grown: try GrownBuild.fixture(name, version: version)
        }
    }

    func plugin(_ name: String) -> String { self == .today ? BuildFolder.plugin(name) : GrownBuild.plugin(name) }
}
