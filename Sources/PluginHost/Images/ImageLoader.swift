import Configuration
import Glibc
import Synchronization

/// From a file to an image: copy, probe, load. The same content is loaded once, and probed once for the same options.
package final class ImageLoader: Sendable {
    package let store: ImageStore
    private let probe: ImageProbe
    private let retired = RetiredImages()
    private let images = Mutex<[String: WeakImage]>([:])
    /// By hash.
    private let descriptions: VerdictCache<String, PluginDescription>
    private let exercises: VerdictCache<VerdictFile.Exercised, ExerciseReport>
    /// Where verdicts outlive the server; nil: nowhere.
    private let verdicts: VerdictFile?

    private struct WeakImage: Sendable {
        weak let image: LoadedImage?
    }

    package init(store: ImageStore, probe: ImageProbe, verdicts: VerdictFile? = nil) {
        self.store = store
        self.probe = probe
        self.verdicts = verdicts
        let known = verdicts?.read()
        descriptions = VerdictCache(
            limit: 1_000, known: known?.descriptions.map { ($0.hash, $0.description) } ?? [])
        exercises = VerdictCache(limit: 1_000, known: known?.exercises.map { ($0.subject, $0.report) } ?? [])
    }

    /// What the plugin in a file is, without loading it into this process. Its owner and signature are checked each time,
    /// also when the image is known.
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
            // Not the copy of an image that runs and whose verdict is forgotten.
            if images.withLock({ $0[staged.hash]?.image }) == nil { unlink(staged.path) }
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

    /// How often a description was looked up, and how often it had to be probed for.
    package var descriptionCounts: CacheCounts { descriptions.counts }

    /// How often the exercise was looked up, and how often it had to be done.
    package var exerciseCounts: CacheCounts { exercises.counts }

    /// What images cost that are mapped and that nothing runs any more.
    package var retiredImages: RetiredImageReport { retired.report }

    /// An image that has been probed, in this process.
    package func load(
        _ staged: StagedImage, _ description: PluginDescription, file: String
    ) throws(ImageRefusal) -> LoadedImage {
        if let loaded = images.withLock({ $0[staged.hash]?.image }) { return loaded }
        do throws(DescriptorReader.Problem) {
            let image = try LoadedImage(staged, unloadable: description.unloadable, retired: retired)
            images.withLock { $0[staged.hash] = WeakImage(image: image) }
            return image
        } catch {
            throw ImageRefusal(file, error.text)
        }
    }
}

/// What an exercise came to that found no fault.
package enum ExerciseOutcome: Sendable, Equatable {
    case passed(ExerciseReport)
    /// The plugin made no instance, and said why. It cannot write files and reaches no network in the probe, so it may
    /// well make one in the server.
    case notCreated(CreationFailure)
    /// Its listener says `exercise = false`.
    case switchedOff
}
