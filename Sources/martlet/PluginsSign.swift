import ArgumentParser
import Instances
import PluginHost

extension Plugins {
    struct Sign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sign plugins with a key of `martlet plugins keygen`.",
            discussion: """
                Writes FILE.sig beside each FILE. Deploy both: a server whose martlet.toml lists trusted_keys accepts \
                the plugin only if one of these keys has signed its content.
                """)

        @Option(help: ArgumentHelp("The private key.", valueName: "file"))
        var key: String

        @Argument(help: "Plugin files.")
        var files: [String]

        @Flag(help: "Print JSON for machines.")
        var json = false

        struct Report: Codable {
            var file: String
            var signed: Bool
            var reason: String?
            var hash: String?
            var signatureFile: String?
            var publicKey: String
        }

        func run() throws {
            let signingKey: SigningKey
            do throws(FileProblem) {
                signingKey = try SigningKey(file: key)
            } catch {
                printError(error.description)
                throw ExitStatus.refused
            }
            let reports = files.map { sign($0, signingKey) }
            if json { try printJSON(reports) } else { for report in reports { show(report, signingKey) } }
            if reports.contains(where: { !$0.signed }) { throw ExitStatus.refused }
        }

        private func sign(_ file: String, _ key: SigningKey) -> Report {
            do throws(FileProblem) {
                let signed = try key.sign(file)
                return Report(
                    file: file, signed: true, hash: signed.hash, signatureFile: signed.signatureFile,
                    publicKey: key.publicKey.text)
            } catch {
                return Report(file: file, signed: false, reason: error.description, publicKey: key.publicKey.text)
            }
        }

        private func show(_ report: Report, _ key: SigningKey) {
            guard let hash = report.hash, let path = report.signatureFile else {
                return printError(report.reason ?? report.file)
            }
            print("\(path): signs \(hash.prefix(12)) with the key \(key.publicKey.name)")
        }
    }
}
