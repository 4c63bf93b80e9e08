import ArgumentParser
import Glibc

struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create a folder with a plugin that builds, to start from.",
        discussion: """
            The plugin counts lines. It is a small protocol with options, a metric, an operation, state that survives a swap, \
            and tests against a simulated host. Its Makefile builds, tests, checks and installs it.

            EXAMPLES
              martlet new chat                         in Swift; needs Martlet's package (see --package)
              martlet new chat --lang c                with martlet.h; needs a C compiler and make
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
            "For Swift: Martlet's package with MartletKit.",
            discussion: "A folder or a URL. Default: the checkout that this program was built in.",
            valueName: "path or URL"))
    var package: String?

    @Flag(help: "Print JSON for machines.")
    var json = false

    private struct Report: Encodable {
        var folder: String
        var files: [String]
    }

    func run() throws {
        do {
            let template = try PluginTemplate(name: name, language: lang, package: try martletPackage())
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

    private func martletPackage() throws -> String? {
        guard lang == .swift else { return nil }
        guard let package else {
            if let found = ownCheckout() { return found }
            printError("--package: expected a folder or URL of Martlet's package (for MartletKit), found none")
            throw ExitStatus.refused
        }
        guard !package.contains("://") else { return package }
        guard let path = realpath(package, nil) else {
            printError("--package: \(package): \(String(cString: strerror(errno)))")
            throw ExitStatus.refused
        }
        defer { free(path) }
        guard access("\(String(cString: path))/Package.swift", R_OK) == 0 else {
            printError("--package: \(package) contains no Package.swift")
            throw ExitStatus.refused
        }
        return String(cString: path)
    }

    /// The folder above this program that contains MartletKit.
    private func ownCheckout() -> String? {
        guard let program = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(program) }
        var parts = String(cString: program).split(separator: "/").dropLast()
        while !parts.isEmpty {
            let folder = "/" + parts.joined(separator: "/")
            if access(folder + "/Sources/MartletKit", R_OK) == 0, access(folder + "/Package.swift", R_OK) == 0 {
                return folder
            }
            parts.removeLast()
        }
        return nil
    }
}

extension PluginTemplate.Language: ExpressibleByArgument {}
