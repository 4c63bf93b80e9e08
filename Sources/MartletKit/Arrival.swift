import CMartlet

/// How a connection came to a session.
public struct Arrival: Sendable {
    /// How a connection comes to be one of a plugin.
    public enum Origin: Sendable {
        /// A peer connected to the listener.
        case accepted
        /// The host connected to the peer. No host of version 1.0 does.
        case connected
        /// The plugin of another listener gave it away: `Connection.handOver`. What it did not consume is presented here.
        case handedOver
        /// It outlived the process that had it. No host of version 1.0 takes one over.
        case adopted
    }

    /// How it came.
    public let origin: Origin
    /// Who the peer is. Behind a proxy: the client, as the PROXY header says.
    public let peer: Peer
    /// What the peer connected to. Behind a proxy: what the client connected to.
    public let local: Peer
    /// The name of the listener's endpoint, or its address as the listener's file has it.
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
