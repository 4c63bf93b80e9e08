import ArgumentParser
import Configuration
import PluginHost

extension Plugins {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell whether files would be accepted as plugins, and why not.",
            discussion: """
                Owner, mode and, when martlet.toml lists trusted_keys, the signature are checked; then each file is \
                copied and loaded in a child process, as a reload would do first. The exit status is 1 when one of \
                them would be refused.
                """)

        @Argument(help: "Plugin files.")
        var files: [String]

        @OptionGroup var process: ProcessFileOption

        @Flag(help: "Print JSON for machines.")
        var json = false

        struct Verdict: Codable {
            struct Signer: Codable {
                var key: String
                var comment: String
            }
            var file: String
            var accepted: Bool
            var reason: String?
            var hash: String?
            /// Absent when no signature was asked for.
            var signedBy: Signer?
            var plugin: PluginDescription?
        }

        func run() throws {
            let questions = try files.map { (file: $0, trust: try process.trust(for: $0)) }
            let verdicts = try withImageLoader { loader in questions.map { check($0.file, $0.trust, loader) } }
            if json { try printJSON(verdicts) } else { for verdict in verdicts { show(verdict) } }
            if verdicts.contains(where: { !$0.accepted }) { throw ExitStatus.refused }
        }

        private func check(_ file: String, _ trust: PluginTrust, _ loader: ImageLoader) -> Verdict {
            do {
                let (image, plugin) = try loader.describe(file, trust: trust)
                let defects = OptionSchema(plugin.options).defects()
                return Verdict(
                    file: file, accepted: defects.isEmpty,
                    reason: defects.isEmpty ? nil : "its option schema is wrong: " + defects.joined(separator: "; "),
                    hash: image.hash,
                    signedBy: image.signer.map { Verdict.Signer(key: $0.base64, comment: $0.comment) }, plugin: plugin)
            } catch {
                return Verdict(file: file, accepted: false, reason: error.reason)
            }
        }

        private func show(_ verdict: Verdict) {
            guard verdict.accepted, let plugin = verdict.plugin else {
                return print("\(verdict.file): refused: \(verdict.reason ?? "")")
            }
            let signature =
                verdict.signedBy.map { "signed by \($0.comment.isEmpty ? $0.key : quoted($0.comment))" }
                ?? "signature not checked (no trusted_keys)"
            print(
                "\(verdict.file): accepted: \(plugin.name) \(plugin.version), ABI \(plugin.abi), "
                    + "\(verdict.hash?.prefix(12) ?? ""), \(signature)")
        }
    }
}
