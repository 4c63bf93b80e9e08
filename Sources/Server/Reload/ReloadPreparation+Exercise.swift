import Configuration
import Instances
import PluginHost

extension ReloadPreparation {
    /// Plays peers against the plugin in a child process, with the listener's options.
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
                        message: "\(listener.plugin): \(error.reason); if that cannot happen outside the probe, set "
                            + "exercise = false")
                ])
        }
    }
}

extension Server {
    /// Logs the plugins that run in the server unexercised, because they created no instance in the probe.
    func warnOfUntried(_ preparation: ReloadPreparation) {
        for listener in preparation.listeners {
            guard case .notCreated(let failure) = listener.exercise else { continue }
            logger.warning(
                "not exercised: \(failure)", metadata: ["listener": "\(listener.configuration.name)"])
        }
    }
}

extension PreparedListener {
    /// Set when the plugin created no instance in the probe although the probe withheld nothing from it. A reload tries again in
    /// the server, whose result counts, and most likely fails in the same way.
    var creationRefusal: ListenerRefusal? {
        guard case .notCreated(let failure) = exercise, failure.hindrances.isEmpty else { return nil }
        return ListenerRefusal(configuration, InstanceRefusal(problems: failure.problems))
    }

    /// Set when the plugin created no instance and the probe withheld something from it: only the server can find out whether it
    /// works.
    var creationNote: Diagnostic? {
        guard case .notCreated(let failure) = exercise, !failure.hindrances.isEmpty else { return nil }
        return configuration.diagnostic(key: "plugin", message: "not exercised: \(failure)")
    }
}
