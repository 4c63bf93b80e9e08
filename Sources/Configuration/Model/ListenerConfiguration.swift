import Addresses

/// One file of `plugins.d`, checked and complete, except for the plugin's own options, which only the plugin's schema can check.
package struct ListenerConfiguration: Sendable {
    /// Where the plugin's callbacks run.
    package enum Dispatch: String, Sendable, CaseIterable {
        /// Where the plugin needs it; on the loops if it can run on both.
        case auto
        case loops
        case workers
    }

    /// The file name without `.toml`.
    package var name: String
    /// Absolute path of the plugin.
    package var plugin: String
    /// Where it accepts connections, in the order of the file.
    package var endpoints: [Endpoint]
    /// False keeps the file and starts nothing.
    package var enabled: Bool
    package var dispatch: Dispatch
    /// "shared", "process", or the name of a group.
    package var isolation: String
    /// New content of the plugin is tried against scripted peers first.
    package var exercise: Bool
    /// The name of the database with its users; nil: it has none.
    package var users: String?
    package var socket: SocketOptions
    /// nil: connections are not encrypted.
    package var tls: TLSPolicy?
    package var limits: ConnectionLimits
    package var access: AccessPolicy
    package var reload: ReloadPolicy
    package var rollout: RolloutPolicy
    /// Unchecked; see `OptionSchema.validate`.
    package var options: ConfigurationTable

    /// Path of the file, absolute or relative as the folder was given.
    package var file: String
    /// Absolute path of the folder of the file. Relative paths in the file are relative to it.
    package var folder: String
    /// The text of the file.
    package var text: String
    /// The content of the file, for the places of its values.
    var root: ConfigurationTable
}

/// Equal when a running listener would behave the same. The text and the positions are not compared, so that a comment is not a
/// change.
extension ListenerConfiguration: Equatable {
    package static func == (left: ListenerConfiguration, right: ListenerConfiguration) -> Bool {
        left.name == right.name && left.plugin == right.plugin && left.endpoints == right.endpoints
            && left.enabled == right.enabled && left.socket == right.socket && left.tls == right.tls
            && left.limits == right.limits
            && left.access == right.access
            && left.dispatch == right.dispatch && left.isolation == right.isolation && left.exercise == right.exercise
            && left.users == right.users
            && left.reload == right.reload && left.rollout == right.rollout
            && left.options == right.options && left.folder == right.folder
    }
}

extension ListenerConfiguration {
    package var addresses: [ListenAddress] { endpoints.map(\.address) }

    /// The name of the host that runs its plugin. Listeners with the same name share one.
    package var host: String {
        switch isolation {
        case Self.sharedHost: isolation
        case "process": "listener \(name)"
        default: "group \(isolation)"
        }
    }

    package static let sharedHost = "shared"

    /// A problem with an address that is found later: it is in use, or not allowed.
    package func diagnostic(at endpoint: Endpoint, message: String) -> Diagnostic {
        Diagnostic(file: file, position: endpoint.place.position, key: endpoint.place.key, message: message)
    }

    /// A problem found later (the plugin is missing, or refuses an option), at the place in the file. `key` is written as in
    /// a diagnostic: `plugin`, `options.routes[0].root`.
    package func diagnostic(key: String, message: String) -> Diagnostic {
        let key = ConfigurationKey(parsing: key)
        return Diagnostic(file: file, position: root.position(of: key), key: key, message: message)
    }

    /// Checks the plugin's options against its schema.
    package func validateOptions(_ schema: OptionSchema, parser: TOMLParser) -> Result<
        ConfigurationTable, ConfigurationError
    > {
        schema.validate(options, relativeTo: folder, file: file, parser: parser)
    }
}
