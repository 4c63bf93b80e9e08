import CMartlet

/// What a connection refers to in this process, and what another process can find out again. Lies beside its slot.
package struct ConnectionLinks {
    /// The context of the running callback: that loop's, or the worker's.
    var context: CallbackContextPointer
    package internal(set) var binding: BindingPointer
    var session: UnsafeMutableRawPointer?
    /// nil: its bytes pass through a plain socket.
    package var transport: UnsafePointer<any Transport.Type>?
    /// The memory of the unconsumed input.
    var input: UnsafeMutableRawPointer?
    /// Output that waits for the peer.
    var outputHead: UnsafeMutablePointer<OutputSegment>?
    var outputTail: UnsafeMutablePointer<OutputSegment>?
    /// The entries that count its address and its network, if they are counted.
    var address: AddressEntryPointer?
    var network: AddressEntryPointer?
    /// The listener's endpoint through which it was accepted.
    var endpoint: UnsafePointer<martlet_text>?
    /// What the transport keeps for this connection.
    package var transportState: UnsafeMutableRawPointer?
    /// The listener to which it is handed over when the callback ends, and which has a place for it. Retained.
    var nextListener: Unmanaged<Admission>?
    /// Who the peer is, as the plugin or the host's users say. Retained.
    var principal: Unmanaged<Principal>?
    /// Its first membership in a group; 0: it is in none.
    var membership: UInt32 = 0
    /// The number of the slot among those of the process.
    let number: UInt32
}

extension ConnectionPointer {
    /// The limits that its listener sets.
    @inline(__always)
    var limits: ConnectionBounds { links.pointee.binding.pointee.limits }

    /// The counters of its instance on its loop.
    @inline(__always)
    var counters: UnsafeMutablePointer<InstanceCounters> { links.pointee.binding.pointee.counters }
}
