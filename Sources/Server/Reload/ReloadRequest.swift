import Configuration

/// What a reload may do beyond its usual work.
package struct ReloadRequest: Sendable, Hashable {
    /// Good listeners change even when others are refused.
    package var partial = false
    /// A folder without listener files stops all listeners. Without this flag such a folder is refused, because it is more likely
    /// an accident: a missing mount, an interrupted deploy.
    package var allowEmpty = false

    package init(partial: Bool = false, allowEmpty: Bool = false) {
        self.partial = partial
        self.allowEmpty = allowEmpty
    }

    /// All combinations, the most cautious first.
    static let all = [
        ReloadRequest(), ReloadRequest(partial: true), ReloadRequest(allowEmpty: true),
        ReloadRequest(partial: true, allowEmpty: true),
    ]
}

extension ReloadTransaction {
    /// Set when the folder has become empty and the request does not allow that.
    static func emptyFolderRefusal(
        _ preparation: ReloadPreparation, _ request: ReloadRequest, server: Server
    ) -> ListenerRefusal? {
        // Each listener file gives a listener or a diagnostic. One with `enabled = false` gives a listener.
        guard !request.allowEmpty, preparation.loaded.listeners.isEmpty, preparation.loaded.diagnostics.isEmpty,
            server.listeners.values.contains(where: { !$0.isStopping })
        else { return nil }
        return ListenerRefusal(
            "",
            [
                Diagnostic(
                    file: server.settings.pluginsDirectory,
                    message: "contains no listener files; to stop all listeners: martlet reload --allow-empty")
            ])
    }
}
