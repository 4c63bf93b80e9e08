import Configuration
import PluginHost

extension ReloadPreparation {
    /// Plays peers against the plugin in a child process, with the listener's own options.
    func exercise(
        _ listener: ListenerConfiguration, _ image: StagedImage, _ options: OptionValue, _ loader: ImageLoader
    ) throws(ListenerRefusal) -> ExerciseOutcome {
        guard listener.exercise else { return .switchedOff }
        do throws(ImageRefusal) {
            return try loader.exercise(image, options: options, file: listener.plugin)
        } catch {
            throw ListenerRefusal(
                listener.name,
                [
                    listener.diagnostic(
                        key: "plugin",
                        message: "\(listener.plugin): \(error.reason); if that cannot happen outside of the probe, say "
                            + "exercise = false")
                ])
        }
    }
}

extension Server {
    /// Names the plugins that got into the server untried, because they made no instance in the probe.
    func warnOfUntried(_ preparation: ReloadPreparation) {
        for listener in preparation.listeners {
            guard case .notCreated(let failure) = listener.exercise else { continue }
            logger.warning(
                "not exercised: \(failure)", metadata: ["listener": "\(listener.configuration.name)"])
        }
    }
}

extension PreparedListener {
    /// Set when the plugin made no instance in the probe though nothing was kept from it. A reload tries it again in the
    /// server, which has the last word, and most likely gets the same answer.
    var creationRefusal: ListenerRefusal? {
        guard case .notCreated(let failure) = exercise, failure.hindrances.isEmpty else { return nil }
        return ListenerRefusal(configuration, InstanceRefusal(problems: failure.problems))
    }

    /// Set when the plugin needs more for an instance than the probe lets it have: only the server can say.
    var creationNote: Diagnostic? {
        guard case .notCreated(let failure) = exercise, !failure.hindrances.isEmpty else { return nil }
        return configuration.diagnostic(key: "plugin", message: "not exercised: \(failure)")
    }
}
