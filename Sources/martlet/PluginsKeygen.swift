import ArgumentParser
import Configuration
import Instances
import PluginHost

extension Plugins {
    struct Keygen: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a key to sign plugins with.",
            discussion: """
                Writes the private key to FILE, which only its owner can read, and the public key to FILE.pub. Neither file \
                may exist. Prints the line for martlet.toml. Keep FILE where plugins are built, away from the server.
                """)

        @Argument(help: "The file of the private key.")
        var file: String

        @Option(
            help: ArgumentHelp(
                "Says whose key it is.", discussion: "Default: the name of FILE.", valueName: "text"))
        var comment: String?

        @Flag(help: "Print JSON for machines.")
        var json = false

        struct Report: Codable {
            var privateKeyFile: String
            var publicKeyFile: String
            /// As an element of trusted_keys.
            var publicKey: String
        }

        func run() throws {
            let key: SigningKey
            do {
                key = try makeKey()
                try key.write(to: file)
            } catch let problem as FileProblem {
                printError(problem.description)
                throw ExitStatus.refused
            }
            let publicFile = file + SigningKey.publicSuffix
            if json {
                return try printJSON(
                    Report(privateKeyFile: file, publicKeyFile: publicFile, publicKey: key.publicKey.text))
            }
            print("\(file): the private key: keep it where plugins are built")
            print("\(publicFile): the public key; this line in martlet.toml trusts it:")
            print("trusted_keys = [\(tomlText(key.publicKey.text))]")
        }

        private func makeKey() throws -> SigningKey {
            let name = file.split(separator: "/").last.map(String.init) ?? ""
            do {
                return try SigningKey(comment: comment ?? name)
            } catch let problem as TrustedKey.Problem {
                printError("--comment: found \(problem.found)")
                throw ExitStatus.refused
            } catch {
                throw FileProblem(file, "cannot be created: \(error)")
            }
        }

        /// A basic string of TOML. The text contains no control characters.
        private func tomlText(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
    }
}
