import CMartlet

/// A set of host functions that not every host has. A plugin that cannot run without one declares it in `Manifest.requires`: a host without
/// it refuses the plugin, and names what it has. Otherwise the functions of a missing extension return `unsupported` or nil.
public struct HostExtension: RawRepresentable, Hashable, Sendable {
    /// Such as `martlet.groups/1`.
    public let rawValue: String
    /// - Parameter rawValue: such as `martlet.groups/1`.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The name of the listener, the number of the generation, the number of loops and workers.
    public static let info = HostExtension(rawValue: MARTLET_HOST_INFO)
    /// Other connections of a loop, deliveries to a loop, and timers of the instance.
    public static let loops = HostExtension(rawValue: MARTLET_LOOPS)
    /// Named groups of connections.
    public static let groups = HostExtension(rawValue: MARTLET_GROUPS)
    /// Sessions that say when the host has to save them again.
    public static let checkpoints = HostExtension(rawValue: MARTLET_CHECKPOINTS)
    /// What encrypts a connection, and the certificate of its peer.
    public static let transport = HostExtension(rawValue: MARTLET_TRANSPORT)
    /// The databases of the host: `Host.openDatabase`.
    public static let databases = HostExtension(rawValue: MARTLET_DATABASE)
    /// The users of the listener: `Host.requiresUsers`, `Connection.authenticate`.
    public static let users = HostExtension(rawValue: MARTLET_USERS)
    /// Metrics with labels, and histograms.
    public static let metrics = HostExtension(rawValue: MARTLET_METRICS)
}

extension Host {
    /// Whether the host has this extension. [any]
    public func has(_ extension: HostExtension) -> Bool { self.extension(`extension`.rawValue) != nil }
}
