import CMartlet

/// What a connection refers to in this process, and what another process can find out again. Lies beside its slot.
package struct ConnectionLinks {
    /// The context of the running callback: that loop's, or the worker's.
    var context: CallbackContextPointer
    var binding: BindingPointer
    var session: UnsafeMutableRawPointer?
    /// The memory of the unconsumed input.
    var input: UnsafeMutableRawPointer?
    /// nil: its bytes pass through a plain socket.
    var transport: UnsafePointer<any Transport.Type>?
    /// Output that waits for the peer.
    var outputHead: UnsafeMutablePointer<OutputSegment>?
    var outputTail: UnsafeMutablePointer<OutputSegment>?
    /// The entries that count its address and its network, if they are counted.
    var address: AddressEntryPointer?
    var network: AddressEntryPointer?
    /// The listener's endpoint through which it was accepted.
    var endpoint: UnsafePointer<martlet_text>?
    /// What the transport keeps for this connection.
    package internal(set) var transportState: UnsafeMutableRawPointer?
    /// The address that the peer connected to.
    var local = PeerAddress()
    /// The ticket of the listener to which it is handed over when the callback ends; 0: none.
    var nextListener: UInt32 = 0
    /// The number of the slot among those of the process.
    let number: UInt32
}
