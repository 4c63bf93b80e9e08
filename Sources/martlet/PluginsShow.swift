import ArgumentParser
import Configuration
import ConfiguredInstances
import Instances
import PluginHost
import Server

extension Plugins {
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a plugin's summary, extensions, and options and operations with their help.",
            discussion: """
                NAME is a plugin's or a listener's name in the running server, or the path of a plugin file. A file is \
                inspected in a child process and needs no server.
                """)

        @Argument(help: "A name, or the path of a file.")
        var name: String

        @OptionGroup var server: ServerOptions

        func run() throws {
            let file = try file()
            let (image, plugin): (StagedImage, PluginDescription)
            do {
                let trust = try server.process.trust(for: file)
                (image, plugin) = try withImageLoader { try $0.describe(file, trust: trust) }
            } catch let refusal as ImageRefusal {
                printError(refusal.description)
                throw ExitStatus.refused
            }
            if server.json { return try printJSON(plugin) }
            print("\(plugin.name) \(plugin.version): \(plugin.summary)")
            print("  file        \(file)")
            print("  hash        \(image.hash)")
            print("  signed by   \(image.signer.map(\.name) ?? "- (no trusted_keys)")")
            print("  ABI         \(plugin.abi)")
            print("  threads     \(plugin.threads.rawValue)")
            print("  unloadable  \(plugin.unloadable ? "yes" : "no")")
            print("  offers      \(plugin.extensions.isEmpty ? "-" : plugin.extensions.joined(separator: ", "))")
            print(
                "  needs       "
                    + (plugin.requiredExtensions.isEmpty ? "-" : plugin.requiredExtensions.joined(separator: ", ")))
            if !plugin.example.isEmpty { print("  try         \(plugin.example)") }
            print("  operations  \(plugin.operations.isEmpty ? "-" : "")")
            for operation in plugin.operations {
                print("    \(operation.usage)  (\(operation.place.phrase))")
                if !operation.help.isEmpty { print("        \(operation.help)") }
            }
            print("  options     \(plugin.options.isEmpty ? "-" : "")")
            printOptions(plugin.options, indent: "    ")
        }

        /// The file of a plugin or listener in the running server. A name that looks like a path is the file.
        private func file() throws -> String {
            if name.contains("/") || name.hasSuffix(".so") { return name }
            let rows = try server.ask(.plugins).plugins ?? []
            if let row = rows.first(where: { $0.name == name || $0.listener == name }) { return row.file }
            let known = Set(rows.map(\.name)).filter { !$0.isEmpty }.sorted()
            let hint = nearest(name, among: known).map { "; did you mean \($0)?" } ?? ""
            printError("no plugin or listener \"\(name)\" runs\(hint) (running: \(known.joined(separator: ", ")))")
            throw ExitStatus.refused
        }

        private func printOptions(_ options: [PluginOption], indent: String) {
            for option in options {
                let schema = OptionSchema([option]).options[0]
                var facts = [schema.type.name]
                if option.required { facts.append("required") }
                if let value = option.defaultValue { facts.append("default \(value)") }
                if !schema.range.isEmpty { facts.append(schema.range) }
                print("\(indent)\(option.key)  (\(facts.joined(separator: ", ")))")
                if !option.help.isEmpty { print("\(indent)    \(option.help)") }
                printOptions(option.children, indent: indent + "    ")
            }
        }
    }
}
