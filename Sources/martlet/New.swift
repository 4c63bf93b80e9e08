import ArgumentParser
import Glibc

struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create a folder with a plugin that builds, to start from.",
        discussion: """
            The plugin counts lines. It is a small protocol with options, a metric, an operation, state that survives a swap, \
            and tests in Martlet's simulation. Its Makefile builds, tests, checks and installs it.

            A plugin in Swift depends on Martlet's SDK and on nothing else. In every language, the tests run the plugin in \
            libmartlet_simulation.so: `martlet simulation --help` says how they find it.

            EXAMPLES
              martlet new chat                         in Swift; needs Martlet's SDK (see --package)
              martlet new chat --lang c                with Martlet's headers; needs a C compiler and make
              martlet new chat --lang rust
              cd chat && make && make test && make install PLUGINS=/etc/martlet/plugins.d && martlet reload
            """)

    @Argument(help: "The plugin's name: letters, digits, '-' and '_'.")
    var name: String

    @Option(help: ArgumentHelp("swift, c, cpp or rust.", valueName: "language"))
    var lang: PluginTemplate.Language = .swift

    @Option(help: ArgumentHelp("Where to create it. Default: a folder named after the plugin.", valueName: "folder"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "For Swift: the folder that contains Martlet's SDK.",
            discussion: "Default: the checkout that this program was built in, or share/martlet where it is installed.",
            valueName: "folder"))
    var package: String?

    @Flag(help: "Print JSON for machines.")
    var json = false

    private struct Report: Encodable {
        var folder: String
        var files: [String]
    }

    func run() throws {
        do {
            let template = try PluginTemplate(
                name: name, language: lang, package: try martletPackage(), simulation: SimulationPath.expected)
            let folder = output ?? name
            try template.write(to: folder)
            let files = template.files.map(\.path).sorted()
            if json { return try printJSON(Report(folder: folder, files: files)) }
            for file in files { print("\(folder)/\(file)") }
            print("\nNext:  cd \(folder) && make && make test")
        } catch let problem as PluginTemplate.Problem {
            printError(problem.description)
            throw ExitStatus.refused
        }
    }

    /// The folder that contains the SDK.
    private func martletPackage() throws -> String? {
        guard lang == .swift else { return nil }
        guard let package else {
            if let found = ownPackage() { return found }
            printError("--package: expected the folder that contains Martlet's SDK, found none")
            throw ExitStatus.refused
        }
        guard let path = realpath(package, nil) else {
            printError("--package: \(package): \(String(cString: strerror(errno)))")
            throw ExitStatus.refused
        }
        defer { free(path) }
        let folder = String(cString: path)
        guard containsSDK(folder) else {
            printError("--package: \(package) contains no SDK/Package.swift")
            throw ExitStatus.refused
        }
        return folder
    }

    /// The checkout or the installation of this program: a folder above it.
    private func ownPackage() -> String? {
        guard let program = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(program) }
        var parts = String(cString: program).split(separator: "/").dropLast()
        while !parts.isEmpty {
            let folder = "/" + parts.joined(separator: "/")
            if let found = [folder, folder + "/share/martlet"].first(where: containsSDK) { return found }
            parts.removeLast()
        }
        return nil
    }

    private func containsSDK(_ folder: String) -> Bool {
        access(folder + "/SDK/Package.swift", R_OK) == 0 && access(folder + "/SDK/Sources/MartletKit", R_OK) == 0
    }
}

extension PluginTemplate.Language: ExpressibleByArgument {}
