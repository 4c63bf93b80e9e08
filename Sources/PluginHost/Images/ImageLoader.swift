import Configuration
import Instances

/// Turns a file into an image: copies and probes it. The same content is probed once for the same options.
package final class ImageLoader: Sendable {
    package let store: ImageStore
    private let probe: ImageProbe
    /// Keyed by the hash.
    private let descriptions: VerdictCache<String, PluginDescription>
    private let exercises: VerdictCache<VerdictFile.Exercised, ExerciseReport>
    /// Keeps verdicts for the next server; nil: they are lost.
    private let verdicts: VerdictFile?

    package init(store: ImageStore, probe: ImageProbe, verdicts: VerdictFile? = nil) {
        self.store = store
        self.probe = probe
        self.verdicts = verdicts
        let known = verdicts?.read()
        descriptions = VerdictCache(
            limit: 1_000, known: known?.descriptions.map { ($0.hash, $0.description) } ?? [])
        exercises = VerdictCache(limit: 1_000, known: known?.exercises.map { ($0.subject, $0.report) } ?? [])
    }

    /// Describes the plugin in a file without loading it into this process. Checks the file's owner and signature each time, even
    /// when the image is known.
    package func describe(
        _ file: String, trust: PluginTrust
    ) throws(ImageRefusal) -> (StagedImage, PluginDescription) {
        let staged = try store.stage(file, trust: trust)
        do throws(ProbeFailure) {
            let description = try descriptions.verdict(on: staged.hash) { () throws(ProbeFailure) in
                try probe.describe(staged)
            }
            return (staged, description)
        } catch {
            throw ImageRefusal(file, error.reason)
        }
    }

    /// Plays peers against the plugin, without loading it into this process.
    ///
    /// - Parameter options: complete and checked against the plugin's schema.
    package func exercise(
        _ staged: StagedImage, options: OptionValue, file: String
    ) throws(ImageRefusal) -> ExerciseOutcome {
        let subject = VerdictFile.Exercised(hash: staged.hash, options: options.withoutPositions)
        do throws(ProbeFailure) {
            return .passed(
                try exercises.verdict(on: subject) { () throws(ProbeFailure) in
                    try probe.exercise(staged, options: options)
                })
        } catch {
            if case .notCreated(let failure) = error { return .notCreated(failure) }
            throw ImageRefusal(file, error.reason)
        }
    }

    /// Writes new verdicts to the disk for later servers.
    package func saveVerdicts() throws(FileProblem) {
        guard let verdicts else { return }
        let news = [descriptions.takeNews(), exercises.takeNews()]
        guard news.contains(true) else { return }
        try verdicts.write(descriptions: descriptions.accepted, exercises: exercises.accepted)
    }

    /// How often a description was cached, and how often it was not.
    package var descriptionCounts: CacheCounts { descriptions.counts }

    /// How often a verdict of the exercise was cached, and how often it was not.
    package var exerciseCounts: CacheCounts { exercises.counts }

}

/// The outcome of an exercise that found no fault.
package enum ExerciseOutcome: Sendable, Equatable {
    case passed(ExerciseReport)
    /// The plugin made no instance, and gave a reason. In the probe it cannot write files or reach the network, so it may still
    /// make one in the server.
    case notCreated(CreationFailure)
    /// Its listener has `exercise = false`.
    case switchedOff
}
