import Configuration
import PluginHost

/// A listener of the folder whose file, plugin and options are valid.
package struct PreparedListener: Sendable {
    package var configuration: ListenerConfiguration
    package let image: StagedImage
    package let plugin: PluginDescription
    /// Complete: defaults are filled in.
    package let options: OptionValue
    package let exercise: ExerciseOutcome
    /// Set when this replaces what the folder asks for, because an earlier server held that back.
    var heldBack: HeldBack?

    /// Whether callbacks run on workers: what the listener says, else what the plugin needs.
    var usesWorkers: Bool {
        switch configuration.dispatch {
        case .auto: plugin.threads == .workers
        case .loops: false
        case .workers: true
        }
    }

    var state: ListenerState {
        ListenerState(name: configuration.name, hash: image.hash, configuration: configuration)
    }
}

/// Why a listener is refused.
package struct ListenerRefusal: Error, Sendable {
    package var listener: String
    package var diagnostics: [Diagnostic]
    /// The server refuses this listener because its content has failed before. The file may be valid, so the other listeners of
    /// the folder change without this one.
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
        try checkDispatch(listener, plugin)
        let options = try checkedOptions(listener, plugin)
        let exercise = try exercise(listener, image, options, loader)
        return PreparedListener(
            configuration: listener, image: image, plugin: plugin, options: options, exercise: exercise)
    }

    /// Refuses a `dispatch` that the plugin does not support. Only the plugin's author can promise on which threads it may run.
    private func checkDispatch(
        _ listener: ListenerConfiguration, _ plugin: PluginDescription
    ) throws(ListenerRefusal) {
        let problem: String? =
            switch (listener.dispatch, plugin.threads) {
            case (.workers, .loops):
                "its plugin \(plugin.name) runs on event loops only: leave \"dispatch\" out, or use a plugin that declares "
                    + "MARTLET_THREADS_BOTH"
            case (.loops, .workers):
                "its plugin \(plugin.name) may block and must not run on event loops: leave \"dispatch\" out, or set it to \"workers\""
            default: nil
            }
        if let problem {
            throw ListenerRefusal(listener.name, [listener.diagnostic(key: "dispatch", message: problem)])
        }
    }

    private func checkedOptions(
        _ listener: ListenerConfiguration, _ plugin: PluginDescription
    ) throws(ListenerRefusal) -> OptionValue {
        let schema = OptionSchema(plugin.options)
        let defects = schema.defects(parser: loaded.parser)
        guard defects.isEmpty else {
            throw ListenerRefusal(
                listener.name,
                defects.map { listener.diagnostic(key: "plugin", message: "its option schema is wrong: \($0)") })
        }
        switch listener.validateOptions(schema, parser: loaded.parser) {
        case .success(let table): return OptionValue(table, plugin.options)
        case .failure(let error): throw ListenerRefusal(listener.name, error.diagnostics)
        }
    }
}

/// `plugins.d/http.toml` belongs to listener `http`; a folder belongs to none.
private func listenerName(ofFile file: String) -> String {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    return name.hasSuffix(".toml") ? String(name.dropLast(5)) : ""
}
