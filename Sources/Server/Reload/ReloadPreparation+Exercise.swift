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
            guard case .notCreated(let problems) = listener.exercise else { continue }
            let reasons = problems.map(\.description).joined(separator: "; ")
            logger.warning(
                "not exercised: it made no instance in the probe, without network and files to write: \(reasons)",
                metadata: ["listener": "\(listener.configuration.name)"])
        }
    }
}

extension PreparedListener {
    /// Set when the plugin made no instance in the probe. A reload tries it again in the server, which has the last word.
    var creationRefusal: ListenerRefusal? {
        guard case .notCreated(let problems) = exercise else { return nil }
        return ListenerRefusal(configuration, InstanceRefusal(problems: problems))
    }
}
