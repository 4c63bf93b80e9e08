import CMartlet

/// The host's state of one peer socket: plain values and indices, which mean the same in another process. What only this process
/// can use is in `ConnectionLinks`.
///
/// Only the loop of the connection touches it, or the worker that has the connection for a call. A trivial struct behind a typed
/// pointer: reading a field costs no retain, release or exclusivity check. The plugin's handle (`martlet_connection *`) is this
/// pointer.
package struct ConnectionSlot {
    /// Who has the connection.
    enum Place: UInt8 {
        case loop, worker
        /// No instance has it yet: it has come from another process.
        case limbo
        /// The same, but that process lives, and has not let go of it.
        case offered
        /// The slot has no connection, because that with its id is in another process.
        case elsewhere
    }

    // Each request reads and writes these.
    package internal(set) var state = ConnectionState()
    /// Only the loop writes this. While it is `worker`, it is all that the loop touches.
    var place = Place.loop
    var closeReason = CloseReason.plugin
    /// How often the size of a read has been halved.
    var readShift: UInt8 = 0
    /// Output waited when the timer was last armed, so the write timeout was among its deadlines, and the idle timeout was not.
    var isArmedForOutput = false
    package internal(set) var descriptor: Int32 = -1
    /// Nanoseconds charged in advance for the next request, because it waited until the rate allowed it; 0: nothing was charged.
    var prepaid: UInt32 = 0

    private var inputStartValue: UInt32 = 0
    private var inputCountValue: UInt32 = 0
    private var inputCapacityValue: UInt32 = 0
    /// The next `received` waits until there are this many unconsumed bytes.
    package internal(set) var wantedInput: UInt32 = 0
    /// Output that waits for the peer, in bytes.
    package internal(set) var outputBytes = 0

    // Milliseconds on the loop's clock.
    var lastActivity: UInt64 = 0
    /// When the incomplete message began, and how many bytes of it have arrived; 0: there is none.
    var requestStarted: UInt64 = 0
    var requestBytes: UInt64 = 0
    var lastWriteProgress: UInt64 = 0
    /// The plugin's timer, or the end of lingering; 0 means none.
    package internal(set) var timerDeadline: UInt64 = 0
    /// When it was accepted.
    var openedAt: UInt64 = 0
    /// When reading continues, because the peer's requests came too fast.
    var throttledUntil: UInt64 = 0

    /// The number of this slot among those of its loop.
    let index: UInt32
    /// Counts the connections that have used this slot; half of the connection's id.
    var generation: UInt32

    package internal(set) var peer = PeerAddress()
    /// How the connection came to the plugin: `martlet_origin`.
    var origin = UInt8(MARTLET_ORIGIN_ACCEPTED)
    /// The value of SO_RCVLOWAT; 0: the default of one byte.
    var lowWaterMark: UInt32 = 0

    init(index: UInt32, generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    // Input that is not consumed: `inputCount` bytes from `inputStart`. `ConnectionBounds` keeps them below 4 GiB.

    var inputStart: Int {
        @inline(__always) get { Int(inputStartValue) }
        @inline(__always) set { inputStartValue = UInt32(truncatingIfNeeded: newValue) }
    }

    package internal(set) var inputCount: Int {
        @inline(__always) get { Int(inputCountValue) }
        @inline(__always) set { inputCountValue = UInt32(truncatingIfNeeded: newValue) }
    }

    var inputCapacity: Int {
        @inline(__always) get { Int(inputCapacityValue) }
        @inline(__always) set { inputCapacityValue = UInt32(truncatingIfNeeded: newValue) }
    }
}

extension ConnectionSlot {
    /// Over what says where unconsumed input is.
    @inline(__always)
    static func inputSeal(_ id: UInt64, _ address: UInt64, start: Int, count: Int, capacity: Int) -> UInt64 {
        sealOver(
            id, address, UInt64(UInt32(truncatingIfNeeded: start)) << 32 | UInt64(UInt32(truncatingIfNeeded: count)),
            UInt64(UInt32(truncatingIfNeeded: capacity)))
    }

    /// A copy of a slot that another process has written. nil: no process writes such a slot.
    init?(checking bytes: UnsafeRawPointer) {
        var copy = ConnectionSlot(index: 0, generation: 0)
        let isValid = withUnsafeMutableBytes(of: &copy) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(start: bytes, count: copy.count))
            func byte(_ path: PartialKeyPath<ConnectionSlot>) -> UInt8 {
                copy[MemoryLayout<ConnectionSlot>.offset(of: path)!]
            }
            return Place(rawValue: byte(\.place)) != nil && byte(\.isArmedForOutput) <= 1
        }
        guard isValid, copy.state.isValid else { return nil }
        self = copy
    }

    /// How many connections a slot of another process has had.
    static func generation(in bytes: UnsafeRawPointer) -> UInt32 {
        bytes.loadUnaligned(fromByteOffset: MemoryLayout<ConnectionSlot>.offset(of: \.generation)!, as: UInt32.self)
    }
}

package typealias ConnectionPointer = UnsafeMutablePointer<ConnectionSlot>
