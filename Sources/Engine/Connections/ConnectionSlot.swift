/// The host's state of one peer socket. It is in the pool of its event loop. Only that loop touches it, or the worker that has the
/// connection for a call.
///
/// A trivial struct behind a typed pointer: reading a field costs no retain, release or exclusivity check. The plugin's
/// handle (`martlet_connection *`) is this pointer.
package struct ConnectionSlot {
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
    var flags: ConnectionFlags
    /// A worker has the connection: the loop changes nothing else in the slot until it comes back.
    var isAway: Bool
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

struct ConnectionFlags: OptionSet {
    let rawValue: UInt32

    /// The slot has a socket.
    static let open = ConnectionFlags(rawValue: 1 << 0)
    /// `opened` succeeded and `closed` has not been called.
    static let session = ConnectionFlags(rawValue: 1 << 1)
    /// A callback of this connection is running: output may be written.
    static let inCallback = ConnectionFlags(rawValue: 1 << 2)
    /// Close once the output is sent; no more output is accepted, and no more input is presented.
    static let closing = ConnectionFlags(rawValue: 1 << 3)
    /// Close at the end of the callback, with a reset.
    static let aborting = ConnectionFlags(rawValue: 1 << 4)
    /// The plugin paused input.
    static let paused = ConnectionFlags(rawValue: 1 << 5)
    /// Output went above the high-water mark and is not below the low-water mark yet: input waits.
    static let blocked = ConnectionFlags(rawValue: 1 << 6)
    /// The socket may have input (the edge has been seen, EAGAIN has not).
    static let readable = ConnectionFlags(rawValue: 1 << 7)
    /// The peer has shut down or the socket failed: read until a read reports it.
    static let hangup = ConnectionFlags(rawValue: 1 << 8)
    /// End of input was read.
    static let peerFinished = ConnectionFlags(rawValue: 1 << 9)
    /// The plugin was told of the end of input, or the host acted in its place.
    static let peerFinishedTold = ConnectionFlags(rawValue: 1 << 10)
    /// The plugin was told FULL, and `writable` is called when there is room again.
    static let toldFull = ConnectionFlags(rawValue: 1 << 11)
    /// Present unconsumed input again without waiting for more.
    static let presentAgain = ConnectionFlags(rawValue: 1 << 12)
    /// Is in the loop's ready list.
    static let queued = ConnectionFlags(rawValue: 1 << 13)
    /// The session is over and our side is shut down; the peer's last bytes are read and dropped.
    static let lingering = ConnectionFlags(rawValue: 1 << 14)
    /// Flushing stopped at the bound for one turn, not because the socket was full.
    static let flushAgain = ConnectionFlags(rawValue: 1 << 15)
    /// Close once no input is left unconsumed (drain of a plugin that has no `draining`).
    static let closeWhenConsumed = ConnectionFlags(rawValue: 1 << 16)
    /// Move the session to the successor of its binding after its next callback.
    static let moves = ConnectionFlags(rawValue: 1 << 18)
    /// A deadline may have moved nearer: check the timer.
    static let timerChanged = ConnectionFlags(rawValue: 1 << 17)
    /// Waits for the PROXY header before the protocol: there is no session yet.
    static let handshake = ConnectionFlags(rawValue: 1 << 19)
    /// No byte has arrived yet.
    static let silent = ConnectionFlags(rawValue: 1 << 20)
    /// The plugin waits for the rest of a message whose beginning it has consumed.
    static let inputExpected = ConnectionFlags(rawValue: 1 << 21)
    /// The peer's requests came too fast: nothing is read for a while.
    static let throttled = ConnectionFlags(rawValue: 1 << 22)
    /// Past its lifetime: it has been asked to finish.
    static let outlived = ConnectionFlags(rawValue: 1 << 23)
    /// The plugin itself has asked to close: output after that is a fault.
    static let closedByPlugin = ConnectionFlags(rawValue: 1 << 24)
    /// A request rate limits its peer.
    static let rated = ConnectionFlags(rawValue: 1 << 25)
    /// Is handed over to another listener when the callback ends.
    static let handsOver = ConnectionFlags(rawValue: 1 << 26)
}
