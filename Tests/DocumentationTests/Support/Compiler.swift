import Glibc
import Testing

/// The Swift compiler, with the modules for plugins that this package has built.
struct Compiler {
    /// The folder of the modules, beside the test bundle.
    let build: String

    init() throws {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        let candidates = [
            bundle.map { $0.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } }, checkout + "/.build/debug",
        ]
        build = try #require(
            candidates.compactMap { $0 }.first { access($0 + "/Modules/MartletKitTesting.swiftmodule", R_OK) == 0 },
            "MartletKitTesting is not built")
    }

    /// The flags for a source that imports MartletKit, MartletKitTesting or MartletClient.
    var moduleFlags: String {
        let maps = ["CMartlet/include", "CEpoll", "COpenSSL"].map { "\(checkout)/SDK/Sources/\($0)" }
        return "-I '\(build)/Modules' "
            + maps.map { "-Xcc '-fmodule-map-file=\($0)/module.modulemap'" }.joined(separator: " ")
    }

    /// Type-checks sources of one module; returns the compiler's messages, or an empty text if there are no errors.
    func check(_ files: [String]) throws -> String {
        let names = files.map { "'\($0)'" }.joined(separator: " ")
        let (status, output) = try shell(
            "swiftc -typecheck -warnings-as-errors -swift-version 6 -parse-as-library \(moduleFlags) \(names)")
        return status == 0 ? "" : output
    }

    /// Builds a program of test functions, and runs them.
    func runTests(_ files: [String], in folder: String) throws -> (status: Int32, output: String) {
        try write(
            "import Testing\n@main struct Runner { static func main() async { await Testing.__swiftPMEntryPoint() as Never } }\n",
            to: folder + "/Runner.swift")
        let names = (files + [folder + "/Runner.swift"]).map { "'\($0)'" }.joined(separator: " ")
        // Lists the object of each source by name: an old build may contain objects of files that no longer exist.
        let modules = [
            "SDK/Sources": ["CMartlet", "MartletKit", "MartletKitDecoding", "MartletKitTesting", "TestInput"]
        ]
        let objects = modules.flatMap { sources, names in
            names.map {
                "\"$(find '\(checkout)/\(sources)/\($0)' -name '*.swift' -printf '\(build)/\($0).build/%f.o\\n' "
                    + "-o -name '*.c' -printf '\(build)/\($0).build/%f.o\\n')\""
            }
        }
        return try shell(
            """
            set -e
            set -- $(printf '%s\\n' \(objects.joined(separator: " ")))
            swiftc -swift-version 6 -parse-as-library -module-name Articles \(moduleFlags) \(names) "$@" -o '\(folder)/tests'
            '\(folder)/tests'
            """)
    }

    /// Writes the public names of a module and their comments into a folder.
    func extractSymbols(
        of module: String, flags: String? = nil, into folder: String
    ) throws -> (status: Int32, output: String) {
        try shell(
            """
            target=$(swiftc -print-target-info | sed -n 's/.*"unversionedTriple": "\\(.*\\)",/\\1/p' | head -1)
            swift-symbolgraph-extract -module-name \(module) -target "$target" \(flags ?? moduleFlags) \
                -minimum-access-level public -output-dir '\(folder)'
            """)
    }
}
