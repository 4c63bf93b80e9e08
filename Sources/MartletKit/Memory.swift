import CMartlet

/// What stands before each session in memory: enough to find everything else without a lookup. Of the SDK, not for plugins.
@frozen
public struct SessionHeader {
    @usableFromInline let plugin: any Plugin.Type
    @usableFromInline let box: UnsafeMutableRawPointer
    @usableFromInline let loop: UnsafeMutableRawPointer?

    @inlinable init(plugin: any Plugin.Type, box: UnsafeMutableRawPointer, loop: UnsafeMutableRawPointer?) {
        self.plugin = plugin
        self.box = box
        self.loop = loop
    }

    /// Bytes from the header to the session; as aligned as malloc is.
    @inlinable static var size: Int { 32 }
}

/// An instance in memory: its type, the host's side of it, then the plugin's value.
@frozen
@usableFromInline
struct InstanceBox<P: Plugin> {
    /// First, so that it can be read without knowing it.
    @usableFromInline let type: any Plugin.Type
    @usableFromInline let host: UnsafePointer<martlet_host>
    @usableFromInline let instance: OpaquePointer
    @usableFromInline let plugin: P

    @inlinable init(host: UnsafePointer<martlet_host>, instance: OpaquePointer, plugin: P) {
        type = P.self
        self.host = host
        self.instance = instance
        self.plugin = plugin
    }
}

/// The callbacks of a session that carry nothing but themselves. Of the SDK, not for plugins.
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

extension UnsafeMutablePointer<SessionHeader> {
    /// The session behind a header.
    @inlinable
    func session<S: Session>(_: S.Type) -> UnsafeMutablePointer<S> {
        (UnsafeMutableRawPointer(self) + SessionHeader.size).assumingMemoryBound(to: S.self)
    }
}

extension UnsafeMutableRawPointer {
    /// The type of the instance at this address.
    var pluginType: any Plugin.Type { assumingMemoryBound(to: (any Plugin.Type).self).pointee }
}
