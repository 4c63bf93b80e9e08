import ArgumentParser
import Configuration
import ConfiguredInstances
import Instances
import PluginHost

extension Plugins {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check whether files would be accepted as plugins, and if not, why.",
            discussion: """
                Checks owner, mode and, when martlet.toml lists trusted_keys, the signature. Then copies each file, loads \
                it in a child process and tries it there, as a reload does first: simulated peers send lines, HTTP and \
                noise, read slowly, leave early, and stay while the plugin is swapped. The plugin gets the defaults of its \
                options; martlet config check uses the options of its listeners. The exit status is 1 when a file would be \
                refused.
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
            /// Absent when no signature is required.
            var signedBy: Signer?
            var plugin: PluginDescription?
            /// Absent when it was only loaded.
            var exercise: ExerciseReport?
            /// Why it was only loaded.
            var notExercised: String?
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
                let defects = OptionSchema(plugin.options).defects(parser: .child())
                var verdict = Verdict(
                    file: file, accepted: defects.isEmpty,
                    reason: defects.isEmpty ? nil : "its option schema is wrong: " + defects.joined(separator: "; "),
                    hash: image.hash,
                    signedBy: image.signer.map { Verdict.Signer(key: $0.base64, comment: $0.comment) }, plugin: plugin)
                if verdict.accepted { try exercise(&verdict, image, plugin, loader) }
                return verdict
            } catch {
                return Verdict(file: file, accepted: false, reason: error.reason)
            }
        }

        private func exercise(
            _ verdict: inout Verdict, _ image: StagedImage, _ plugin: PluginDescription, _ loader: ImageLoader
        ) throws(ImageRefusal) {
            guard plugin.isForStreams else {
                verdict.notExercised = "it has no opened, received and closed, which a listener for streams needs"
                return
            }
            switch plugin.defaultOptions(forFile: verdict.file) {
            case .failure(let error):
                verdict.notExercised = error.diagnostics.map { "\($0.key): \($0.message)" }.joined(separator: "; ")
            case .success(let options):
                switch try loader.exercise(image, options: options, file: verdict.file) {
                case .passed(let report): verdict.exercise = report
                case .switchedOff: break
                case .notCreated(let failure): verdict.notExercised = "with its defaults \(failure)"
                }
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
            if let reason = verdict.notExercised { print("  only loaded, not exercised: \(reason)") }
            guard let report = verdict.exercise else { return }
            print("  exercised: \(report.scripts) scripts, \(report.calls) calls, \(report.milliseconds) ms")
            for note in report.notes { print("  note: \(note)") }
        }
    }
}
