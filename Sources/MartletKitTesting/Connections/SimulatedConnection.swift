import CMartlet
import MartletKit

/// One peer of a simulated host, seen from the peer's end: it sends, reads, finishes, breaks off. Whatever that makes
/// the host call happens before the function returns.
public final class SimulatedConnection {
    /// What the connection is in the middle of: which host functions may be called.
    enum Moment {
        case idle, callback, closed
    }

    /// From 1, in the order of `connect`.
    public let number: Int
    /// The event loop that owns the connection.
    public let loop: Int
    /// Unsafe, because a host that goes away ends its connections while it does.
    unowned(unsafe) let host: SimulatedHost

    var session: UnsafeMutableRawPointer?
    var moment = Moment.idle

    // Input: what was sent and not presented, what was presented and not consumed.
    var unread: [[UInt8]] = []
    var input: [UInt8] = []
    var paused = false
    var presentAgain = false
    var peerFinished = false
    var peerFinishedTold = false

    // Output.
    var queue = OutputQueue()
    var reservation: Reservation?
    var loans: [Loan] = []
    var toldFull = false
    var blocked = false

    // End.
    var closing = false
    var aborting = false
    var closesWhenConsumed = false
    var closeReason = CloseReason.plugin

    var timerDeadline: UInt64?

    /// nil while the connection is open.
    public internal(set) var end: ConnectionEnd?

    /// What the peer has read and the test has not taken yet.
    public internal(set) var output: [UInt8] = []

    /// Whether the peer reads whatever is written at once. When false, output waits until `read` is called.
    public var readsAtOnce: Bool {
        didSet { if readsAtOnce, !oldValue { read() } }
    }

    init(number: Int, loop: Int, host: SimulatedHost, readsAtOnce: Bool) {
        self.number = number
        self.loop = loop
        self.host = host
        self.readsAtOnce = readsAtOnce
    }

    /// Whether the session still exists.
    public var isOpen: Bool { session != nil && end == nil }

    /// Bytes that the plugin wrote and the peer has not read.
    public var waitingOutput: Int { queue.count }

    /// Bytes that were sent and the plugin has not consumed, presented or not.
    public var unconsumedInput: Int { input.count + unread.reduce(0) { $0 + $1.count } }

    /// The plugin asked for no more input.
    public var isPaused: Bool { paused }

    /// How long until the session's timer fires; nil: none is set.
    public var timer: Duration? {
        timerDeadline.map { .nanoseconds(Int64($0 > host.nanoseconds ? $0 - host.nanoseconds : 0)) }
    }

    /// Names the connection for `post` and `submit`.
    public var id: ConnectionID { ConnectionID(rawValue: 1 << 32 | UInt64(number)) }

    /// What the peer has read since the last call.
    public func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }
}
