import Glibc

/// The paths of the binaries under test and of the fixtures' sources.
enum BuildFolder {
    /// The folder of the package.
    static let package = String(
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/"))

    /// The folder with `martlet` and the plugins: MARTLET_BIN_DIR, or else the folder of the test bundle.
    static let path: String = {
        if let folder = getenv("MARTLET_BIN_DIR") { return String(cString: folder) }
        let candidates = [folder(of: testBundle), package + "/.build/debug"]
        return candidates.first { Files.exists($0 + "/martlet") } ?? package + "/.build/debug"
    }()

    static var martlet: String { path + "/martlet" }

    /// The path of a built Swift plugin such as `EchoPlugin`.
    static func plugin(_ name: String) -> String { "\(path)/lib\(name).so" }

    /// The library in which tests run plugins. Never one with a sanitizer: programs without its runtime cannot open it.
    static var simulation: String {
        (Sanitizer.isOn ? package + "/.build/debug" : path) + "/libmartlet_simulation.so"
    }

    /// The file that this code was loaded from: an argument of the test helper, or the running program itself.
    private static var testBundle: String {
        CommandLine.arguments.first { $0.hasSuffix(".xctest") }
            ?? realpath("/proc/self/exe", nil).map { path in
                defer { free(path) }
                return String(cString: path)
            } ?? ""
    }

    private static func folder(of file: String) -> String {
        file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
}
