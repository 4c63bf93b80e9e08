import Configuration

/// What a reload may do beyond the usual.
package struct ReloadRequest: Sendable, Hashable {
    /// Good listeners change even when others are refused.
    package var partial = false
    /// A folder without listener files stops all listeners. Without this it is refused, because it is more likely an
    /// accident: a mount that is missing, a deploy that was cut short.
    package var allowEmpty = false

    package init(partial: Bool = false, allowEmpty: Bool = false) {
        self.partial = partial
        self.allowEmpty = allowEmpty
    }

    /// All there are; the cautious ones come first.
    static let all = [
        ReloadRequest(), ReloadRequest(partial: true), ReloadRequest(allowEmpty: true),
        ReloadRequest(partial: true, allowEmpty: true),
    ]
}

extension ReloadTransaction {
    /// Set when the folder has become empty and the request does not say that this is meant.
    static func emptyFolderRefusal(
        _ preparation: ReloadPreparation, _ request: ReloadRequest, server: Server
    ) -> ListenerRefusal? {
        // A listener file is a listener or a problem. One with `enabled = false` is a listener.
        guard !request.allowEmpty, preparation.loaded.listeners.isEmpty, preparation.loaded.diagnostics.isEmpty,
            server.listeners.values.contains(where: { !$0.isStopping })
        else { return nil }
        return ListenerRefusal(
            "",
            [
                Diagnostic(
                    file: server.settings.pluginsDirectory,
                    message: "holds no listener files; to stop all listeners: martlet reload --allow-empty")
            ])
    }
}
