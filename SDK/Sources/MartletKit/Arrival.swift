import CMartlet

/// How a connection came to a session.
public struct Arrival: Sendable {
    /// How a connection comes to a plugin.
    public enum Origin: Sendable {
        /// A peer connected to the listener.
        case accepted
        /// The host connected to the peer. No host of version 1.0 does so.
        case connected
        /// The plugin of another listener handed it over: `Connection.handOver`. This plugin gets the input that the other one did not
        /// consume.
        case handedOver
        /// It outlived its previous process. No host of version 1.0 adopts connections.
        case adopted
    }

    /// How it came.
    public let origin: Origin
    /// The address of the peer. Behind a proxy: the client that the PROXY header names.
    public let peer: Peer
    /// The address that the peer connected to. Behind a proxy: the address that the client connected to.
    public let local: Peer
    /// The name of the listener's endpoint, or its address as written in the listener's file.
    public let endpoint: String

    init(_ opening: UnsafePointer<martlet_opening>) {
        origin =
            switch opening.pointee.origin {
            case MARTLET_ORIGIN_CONNECTED: .connected
            case MARTLET_ORIGIN_HANDED_OVER: .handedOver
            case MARTLET_ORIGIN_ADOPTED: .adopted
            default: .accepted
            }
        peer = Peer(opening.pointee.peer)
        local = Peer(opening.pointee.local)
        endpoint = String(opening.pointee.endpoint)
    }
}
