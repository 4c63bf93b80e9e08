import ArgumentParser
import Configuration
import Instances
import PluginHost
import Server

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check configuration.", subcommands: [Check.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a plugins folder as a reload would, without a server.",
            discussion: """
                Reads every file, checks every option against the plugin's schema, and tries every plugin with its \
                options: creates an instance in a child process and plays peers against it. The child has no network and \
                cannot write files; when a plugin needs either, that is a note, not a problem. Ports are not tried.
                """)

        @Argument(help: "The plugins folder.")
        var directory = "plugins.d"

        @OptionGroup var process: ProcessFileOption

        @Flag(help: "Print JSON for machines.")
        var json = false

        struct Report: Codable {
            struct Problem: Codable {
                init(_ diagnostic: Diagnostic) {
                    file = diagnostic.file
                    line = diagnostic.line
                    column = diagnostic.column
                    key = diagnostic.key.description
                    message = diagnostic.message
                }

                var file: String
                var line: Int?
                var column: Int?
                var key: String
                var message: String
            }
            var directory: String
            var valid: Bool
            var listeners: [String]
            var problems: [Problem]
            /// Remarks that refuse nothing, such as what could not be checked.
            var notes: [Problem]
        }

        func run() throws {
            let check = try withImageLoader {
                PluginFolder(directory).check(processFile: process.processFile(for: directory), loader: $0)
            }
            let diagnostics = check.refusals.flatMap(\.diagnostics)
            if json {
                try printJSON(report(check, diagnostics))
            } else {
                for diagnostic in diagnostics { printError(diagnostic.description) }
                show(check, diagnostics.count)
            }
            if !diagnostics.isEmpty { throw ExitStatus.refused }
        }

        private func report(_ check: FolderCheck, _ diagnostics: [Diagnostic]) -> Report {
            Report(
                directory: directory, valid: diagnostics.isEmpty,
                listeners: check.prepared.map { $0.configuration.name },
                problems: diagnostics.map(Report.Problem.init), notes: check.notes.map(Report.Problem.init))
        }

        private func show(_ check: FolderCheck, _ problems: Int) {
            for listener in check.prepared {
                let addresses = listener.configuration.endpoints.map(\.description).joined(separator: ", ")
                let plugin = listener.plugin
                print("\(listener.configuration.name): ok: \(plugin.name) \(plugin.version) on \(addresses)")
            }
            for note in check.notes { print("note: \(note)") }
            for listener in check.listeners where !listener.enabled { print("\(listener.name): disabled") }
            print(problems == 0 ? "\(directory): ok" : "\(directory): \(problems) problem\(problems == 1 ? "" : "s")")
        }
    }
}
