/// The host's state of one peer socket. It is in the pool of its event loop. Only that loop touches it, or the worker that has the
/// connection for a call.
///
/// A trivial struct behind a typed pointer: reading a field costs no retain, release or exclusivity check. The plugin's
/// handle (`martlet_connection *`) is this pointer.
package struct ConnectionSlot {
    /// Who has the connection.
    enum Place: UInt8 { case loop, worker }

    /// The context of the running callback: that loop's, or the worker's.
    var context: CallbackContextPointer
    var binding: BindingPointer
    var session: UnsafeMutableRawPointer?
    /// What the transport keeps for this connection.
    package internal(set) var transportState: UnsafeMutableRawPointer?

    package internal(set) var descriptor: Int32
    let index: UInt32
    /// Counts the connections that have used this slot; half of the connection's id.
    var generation: UInt32
    var state: ConnectionState
    /// Only the loop writes this. While it is `worker`, it is all that the loop touches.
    var place: Place
    var closeReason: CloseReason
    /// How often the size of a read has been halved.
    var readShift: UInt8
    /// How the connection came to the plugin: `martlet_origin`.
    var origin: UInt8
    /// The number of its `Transport`.
    var transport: UInt8
    /// Nanoseconds charged in advance for the next request, because it waited for its turn; 0: nothing was charged.
    var prepaid: UInt32

    /// Input that is not consumed: `inputCount` bytes from `inputStart`.
    var input: UnsafeMutableRawPointer?
    var inputCapacity: Int
    var inputStart: Int
    var inputCount: Int
    /// The next `received` waits until there are this many unconsumed bytes.
    var wantedInput: UInt32
    /// The value of SO_RCVLOWAT; 0: the default of one byte.
    var lowWaterMark: UInt32

    /// Output that waits for the peer.
    var outputHead: UnsafeMutablePointer<OutputSegment>?
    var outputTail: UnsafeMutablePointer<OutputSegment>?
    var outputBytes: Int

    /// Milliseconds on the loop's clock.
    var lastActivity: UInt64
    var lastWriteProgress: UInt64
    /// The plugin's timer, or the end of lingering; 0 means none.
    var timerDeadline: UInt64

    /// When it was accepted, in milliseconds on the loop's clock.
    var openedAt: UInt64

    /// When the incomplete message began, and how many bytes of it have arrived; 0: there is none.
    var requestStarted: UInt64
    var requestBytes: UInt64
    /// When reading continues, because the peer's requests came too fast.
    var throttledUntil: UInt64

    /// The entries that count its address and its network, if they are counted.
    var address: AddressEntryPointer?
    var network: AddressEntryPointer?

    var peer: PeerAddress
    /// The address that the peer connected to.
    var local: PeerAddress
    /// The listener's endpoint through which it was accepted.
    var endpoint: UnsafePointer<EndpointName>?
    /// The listener to which it is handed over when the callback ends; retained.
    var nextListener: Unmanaged<Admission>?
}

package typealias ConnectionPointer = UnsafeMutablePointer<ConnectionSlot>
