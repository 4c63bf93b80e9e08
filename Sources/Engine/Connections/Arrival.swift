import CMartlet

/// A connection that has come to be, however it did, before it has a slot.
package struct Arrival {
    /// A place for one connection, as the limits count it.
    package struct Place {
        /// The limit that is reached; then nothing was taken.
        package var limit: Limit?
        /// Nanoseconds that were charged to the accept rate for it. A trial may have another rate than the running generation, so
        /// exactly this amount is given back.
        var charged: UInt64 = 0
    }

    /// -1: the transport has none, and its owner passes the events to `handle`.
    package var descriptor: Int32
    /// nil: a plain socket.
    package var transport: UnsafePointer<any Transport.Type>?
    package var transportState: UnsafeMutableRawPointer?
    package var origin = MARTLET_ORIGIN_ACCEPTED
    package var peer: PeerAddress
    /// nil: the socket knows it.
    package var local: PeerAddress?
    /// The listener's endpoint through which it came.
    package var endpoint: UnsafePointer<martlet_text>
    package var binding: BindingPointer
    package var place: Place

    package init(
        descriptor: Int32, peer: PeerAddress, local: PeerAddress? = nil, endpoint: UnsafePointer<martlet_text>,
        binding: BindingPointer, place: Place
    ) {
        self.descriptor = descriptor
        self.peer = peer
        self.local = local
        self.endpoint = endpoint
        self.binding = binding
        self.place = place
    }
}

extension LoopPointer {
    /// Gives a connection its slot and calls the plugin's `opened`. Every connection begins here.
    ///
    /// - Returns: nil: the peer is refused; its place is free again and its descriptor closed. A connection that is returned may be
    ///   over already.
    @discardableResult
    package func open(_ arrival: Arrival) -> ConnectionPointer? {
        let binding = arrival.binding
        let isProxy = binding.pointee.rules.isProxy(arrival.peer)
        if !isProxy, !binding.pointee.rules.allows(arrival.peer) { return refuse(arrival, .denied) }
        guard let connection = pointee.connections.take(context: context, binding: binding) else {
            return refuse(arrival, .bufferMemory)
        }
        context.workOn(connection)
        connection.noteInstance()
        if _slowPath(!pointee.slots.own(arrival.descriptor)) { ForeignClose.found() }
        connection.pointee.descriptor = arrival.descriptor
        connection.links.pointee.transport = arrival.transport
        connection.links.pointee.transportState = arrival.transportState
        connection.pointee.origin = UInt8(arrival.origin)
        connection.pointee.peer = arrival.peer
        if arrival.transport == nil { connection.noteSocket() }
        connection.links.pointee.endpoint = arrival.endpoint
        let source = arrival.transport == nil ? binding.pointee.admission.transport : nil
        connection.pointee.state.take(isProxy || source != nil ? .acceptedForHandshake : .accepted)
        if !isProxy, let limit = enterAddresses(connection) {
            pointee.slots.disown(arrival.descriptor)
            pointee.connections.give(connection)
            return refuse(arrival, limit)
        }
        binding.pointee.counters.pointee.accepted.add(1)
        if let local = arrival.local {
            connection.recovery.pointee.local = local
        } else if arrival.peer.family != .unix {
            connection.recovery.pointee.local = PeerAddress(localOf: arrival.descriptor)
        }
        connection.pointee.lastActivity = context.pointee.milliseconds
        connection.pointee.openedAt = context.pointee.milliseconds
        guard watch(connection) else {
            releaseConnection(connection, reset: true)
            return connection
        }
        if isProxy {
            rearmTimer(connection)
        } else if let source {
            begin(source, for: connection)
        } else {
            callOpened(connection)
        }
        return connection
    }

    /// False: the kernel cannot watch one more descriptor.
    func watch(_ connection: ConnectionPointer) -> Bool {
        guard connection.pointee.descriptor >= 0 else { return true }
        return Kernel.watch(
            pointee.epoll, connection.pointee.descriptor,
            Epoll.input | Epoll.output | Epoll.peerShutdown | Epoll.edge,
            UInt64(UInt(bitPattern: connection)) | EventTag.connection)
    }

    private func refuse(_ arrival: Arrival, _ limit: Limit) -> ConnectionPointer? {
        givePlace(arrival.place, arrival.binding)
        refuse(arrival.descriptor, arrival.binding, limit)
        return nil
    }
}
