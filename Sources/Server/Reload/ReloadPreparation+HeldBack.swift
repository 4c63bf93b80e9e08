import Configuration
import Instances
import PluginHost

/// What earlier servers held back, for a reload that may start those listeners.
struct KeptHolds: Sendable {
    /// By listener, for listeners that do not run.
    var holds: [String: ServerState.HeldBack] = [:]
    /// Hashes. A plugin with one of them is refused even if the listener's file has changed.
    var quarantine: Set<String> = []
    /// Where the plugins that ran instead are kept.
    var originals: OriginalStore?
}

extension ReloadPreparation {
    /// What a listener starts with while its file and its plugin are held back: what ran before. Nil when one of them has
    /// changed.
    ///
    /// The plugin is read from the state directory and must pass all checks again, with the current keys. The text that the
    /// listener's file had then is parsed again, with the current `[defaults]`.
    func standIn(
        for listener: ListenerConfiguration, _ hold: ServerState.HeldBack, _ loader: ImageLoader
    ) throws(ListenerRefusal) -> PreparedListener? {
        guard ImageStore.hash(of: listener.plugin) == hold.held.hash,
            holds.quarantine.contains(hold.held.hash) || isText(hold.held.file, of: listener)
        else { return nil }
        do throws(ListenerRefusal) {
            var recipe = try prepareAgain(hold.runs, listener, loader)
            recipe.heldBack = HeldBack(
                state: ListenerState(name: listener.name, hash: hold.held.hash, configuration: listener),
                reason: hold.reason)
            return recipe
        } catch {
            // The folder is valid. Only this listener has nothing to run.
            let reasons = error.diagnostics.map(\.whatIsWrong).joined(separator: "; ")
            let message =
                "\(hold.held.hash.prefix(12)) is held back (\(hold.reason)), and what ran instead cannot be used: \(reasons); "
                + "put another version there, or: martlet plugins forgive \(hold.held.hash.prefix(12))"
            var refusal = ListenerRefusal(
                listener.name, [listener.diagnostic(key: "plugin", message: message)])
            refusal.concernsItsListenerAlone = true
            throw refusal
        }
    }

    /// Whether a text means the same as a listener's file, apart from comments.
    private func isText(_ text: String, of listener: ListenerConfiguration) -> Bool {
        text == listener.text || (try? read(text, listener)) == listener
    }

    private func prepareAgain(
        _ recipe: ServerState.Recipe, _ listener: ListenerConfiguration, _ loader: ImageLoader
    ) throws(ListenerRefusal) -> PreparedListener {
        var configuration: ListenerConfiguration
        do throws(ConfigurationError) {
            configuration = try read(recipe.file, listener)
        } catch {
            throw ListenerRefusal(listener.name, error.diagnostics)
        }
        configuration.takePlace(of: listener)
        guard let originals = holds.originals else {
            throw ListenerRefusal(
                listener.name, [Diagnostic(file: listener.file, message: "there is no state directory")])
        }
        let file = originals.path(of: recipe.hash)
        let prepared = try prepare(configuration, from: file, loader)
        guard prepared.image.hash == recipe.hash else {
            throw ListenerRefusal(
                listener.name,
                [Diagnostic(file: file, message: "\(file): is damaged: its content does not match its name")])
        }
        return prepared
    }

    private func read(
        _ text: String, _ listener: ListenerConfiguration
    ) throws(ConfigurationError) -> ListenerConfiguration {
        try loaded.listener(listener.name, text: text, file: listener.file, folder: listener.folder)
    }
}

extension Diagnostic {
    /// The message without a position, because the text that it is about is in no file.
    fileprivate var whatIsWrong: String {
        key.description.isEmpty || key.description == "plugin" ? message : "\(key): \(message)"
    }
}

extension ListenerConfiguration {
    /// Takes addresses, socket options, users, the reload policy and the host from the current file: a rollback restores only the code and its
    /// options.
    mutating func takePlace(of today: ListenerConfiguration) {
        endpoints = today.endpoints
        socket = today.socket
        reload = today.reload
        isolation = today.isolation
        users = today.users
    }
}
