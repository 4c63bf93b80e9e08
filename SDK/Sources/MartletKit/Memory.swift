import CMartlet

/// An instance in memory: its type, the plugin's value, and the host's services for it.
@frozen
@usableFromInline
struct InstanceBox<P: Plugin> {
    /// The first member, so that it can be read before the type is known.
    @usableFromInline let type: any Plugin.Type
    @usableFromInline let plugin: P
    @usableFromInline let host: Host<P>

    @inlinable init(plugin: P, host: Host<P>) {
        type = P.self
        self.plugin = plugin
        self.host = host
    }
}

/// The callbacks of a session that have no arguments of their own. Used by the SDK, not by plugins.
public enum SessionSignal: Sendable {
    /// `Session.writable`
    case writable
    /// `Session.timerFired`
    case timer
    /// `Session.peerClosed`
    case peerClosed
    /// `Session.draining`
    case draining
}

extension UnsafePointer<martlet_env> {
    /// The instance of this environment.
    @inlinable
    func box<P: Plugin>(_: P.Type) -> UnsafeMutablePointer<InstanceBox<P>> {
        pointee.state.unsafelyUnwrapped.assumingMemoryBound(to: InstanceBox<P>.self)
    }

    /// The type of the instance of this environment.
    @inlinable
    var pluginType: any Plugin.Type {
        pointee.state.unsafelyUnwrapped.assumingMemoryBound(to: (any Plugin.Type).self).pointee
    }
}

extension UnsafeMutableRawPointer {
    /// The type of the instance at this address.
    var pluginType: any Plugin.Type { assumingMemoryBound(to: (any Plugin.Type).self).pointee }
}
