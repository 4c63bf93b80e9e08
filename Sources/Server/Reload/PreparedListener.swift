import Configuration
import ConfiguredInstances
import Instances
import PluginHost
import TLS

/// A listener of the folder whose file, plugin and options are valid.
package struct PreparedListener: Sendable {
    package var configuration: ListenerConfiguration
    package let image: StagedImage
    package let plugin: PluginDescription
    /// Complete: defaults are filled in.
    package let options: OptionValue
    package let exercise: ExerciseOutcome
    /// What its connections are encrypted with; nil: they are not.
    let security: TLSMaterial?
    /// Of the security, that of all other names first.
    let certificates: [CertificateRow]
    /// Set when this replaces what the folder asks for, because an earlier server held that back.
    var heldBack: HeldBack?

    var state: ListenerState {
        ListenerState(name: configuration.name, hash: image.hash, configuration: configuration, security: security)
    }
}

/// Why a listener is refused.
package struct ListenerRefusal: Error, Sendable {
    package var listener: String
    package var diagnostics: [Diagnostic]
    /// The server refuses this listener because its content has failed before, or because its host has ended just now. The file may be
    /// valid, so the other listeners of the folder change without this one.
    package var concernsItsListenerAlone = false

    package init(_ listener: String, _ diagnostics: [Diagnostic]) {
        self.listener = listener
        self.diagnostics = diagnostics
    }
}

/// The first half of a reload: from the folder to probed images and checked options. Touches nothing that runs, and
/// loads nothing into this process.
struct ReloadPreparation: Sendable {
    let loaded: LoadedConfiguration
    var listeners: [PreparedListener] = []
    private(set) var refusals: [ListenerRefusal] = []
    let holds: KeptHolds

    /// Discovers, copies, describes, validates and exercises. May take twice the probe's timeout for each new plugin.
    init(_ loaded: LoadedConfiguration, loader: ImageLoader, holds: KeptHolds = KeptHolds()) {
        self.loaded = loaded
        self.holds = holds
        for step in [ReloadStep.discover, .copy, .probe, .validate] where FailPoint.isSet(step) {
            refusals.append(FailPoint.refusal(step))
        }
        let byFile = Dictionary(grouping: loaded.diagnostics, by: \.file)
        for (file, diagnostics) in byFile.sorted(by: { $0.key < $1.key }) {
            // The process file belongs to no listener, whatever its name: its problems refuse a partial reload too.
            let listener = file == loaded.processFile ? "" : listenerName(ofFile: file)
            refusals.append(ListenerRefusal(listener, diagnostics))
        }
        // While the trusted keys are unknown, nothing is loaded, not even in the probe.
        guard loaded.trust != .unknown else { return }
        for listener in loaded.listeners where listener.enabled {
            do throws(ListenerRefusal) {
                listeners.append(try prepare(listener, loader))
            } catch {
                refusals.append(error)
            }
        }
    }

    private func prepare(
        _ listener: ListenerConfiguration, _ loader: ImageLoader
    ) throws(ListenerRefusal) -> PreparedListener {
        if let hold = holds.holds[listener.name], let standIn = try standIn(for: listener, hold, loader) {
            return standIn
        }
        return try prepare(listener, from: listener.plugin, loader)
    }

    /// - Parameter file: the plugin, which need not be the one that the listener names.
    func prepare(
        _ listener: ListenerConfiguration, from file: String, _ loader: ImageLoader
    ) throws(ListenerRefusal) -> PreparedListener {
        let (image, plugin): (StagedImage, PluginDescription)
        do throws(ImageRefusal) {
            (image, plugin) = try loader.describe(file, trust: loaded.trust)
        } catch {
            throw ListenerRefusal(
                listener.name, [listener.diagnostic(key: "plugin", message: "\(file): \(error.reason)")])
        }
        guard plugin.isForStreams else {
            let message =
                "\(file): \(plugin.name) has no opened, received and closed, which a listener for streams needs"
            throw ListenerRefusal(listener.name, [listener.diagnostic(key: "plugin", message: message)])
        }
        if let problem = listener.dispatchProblem(for: plugin) { throw ListenerRefusal(listener.name, [problem]) }
        let options: OptionValue
        do throws(ConfigurationError) {
            options = try listener.checkedOptions(for: plugin, parser: loaded.parser)
        } catch {
            throw ListenerRefusal(listener.name, error.diagnostics)
        }
        let security = try ListenerSecurity.load(for: listener)
        let exercise = try exercise(listener, image, options, loader)
        return PreparedListener(
            configuration: listener, image: image, plugin: plugin, options: options, exercise: exercise,
            security: security?.material, certificates: security?.certificates ?? [])
    }
}

/// `plugins.d/http.toml` belongs to listener `http`; a folder belongs to none.
private func listenerName(ofFile file: String) -> String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    return name.hasSuffix(".toml") ? String(name.dropLast(5)) : ""
}
