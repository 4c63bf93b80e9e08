import Synchronization

/// Decides which peers get a connection of a listener: the limits that apply before there is one. All its generations share it.
package final class Admission: Sendable {
    /// Connections of the listener on all loops.
    package let quota: Quota
    let rate = RateClock()
    let addresses = AddressTable()
    let networks = AddressTable()
    /// The listener's share of the worker pool.
    package let workShare = WorkShare()
    /// The groups of its connections.
    package let groups = GroupDirectory()
    /// How the bytes of its connections pass; nil: through plain sockets.
    private let source = Mutex<(any TransportSource)?>(nil)
    /// The listeners to which its connections can be handed over.
    let listeners: ListenerDirectory

    /// - Parameters:
    ///   - connections: 0 means no limit.
    ///   - listeners: the directory of the engine.
    package init(connections: Int, listeners: ListenerDirectory) {
        quota = Quota(limit: connections)
        self.listeners = listeners
    }

    package var transport: (any TransportSource)? { source.withLock { $0 } }

    /// For the connections that come from now on.
    package func setTransport(_ new: (any TransportSource)?) { source.withLock { $0 = new } }
}
