import CMartlet

/// One peer of a simulated host, seen from the peer's end: it sends, reads, finishes, breaks off. Whatever that makes
/// the host call happens before the function returns.
public final class SimulatedConnection {
    /// What the connection is in the middle of: which host functions may be called.
    enum Moment {
        case idle, callback, closed
        /// `save` and `restore`, which write nothing and close nothing.
        case moving
    }

    /// How the connection ended.
    package enum Outcome: Equatable, Sendable {
        /// `opened` did not take it.
        case refused
        /// In order: the peer got all that was written.
        case closed(martlet_close_reason)
        /// With a reset: what the peer had not read is lost.
        case reset(martlet_close_reason)
        /// The session ended, and another listener's plugin has the connection.
        case handedOver(to: String)
    }

    /// From 1, in the order of `connect`.
    public let number: Int
    /// The event loop that owns the connection.
    public let loop: Int
    /// Unsafe, because a host that goes away ends its connections while it does.
    unowned(unsafe) var host: SimulatedHost
    /// Names the connection for `post` and `submit`; of one connection in the process only.
    package let rawID: martlet_connection_id

    /// Between `opened` and `closed`. A plugin without state may have NULL for its session.
    var hasSession = false
    var session: UnsafeMutableRawPointer?
    /// Where the session lies, if the plugin leaves that to the host.
    var place: Reservation?
    var moment = Moment.idle

    // Input: what was sent and not presented, what was presented and not consumed.
    var unread: [[UInt8]] = []
    var input: [UInt8] = []
    var paused = false
    var presentAgain = false
    /// The next `received` waits for so many unconsumed bytes (`want`).
    public internal(set) var wantedInput = 0
    /// How often input was presented: calls of `received`.
    public internal(set) var presentations = 0
    var peerFinished = false
    var peerFinishedTold = false
    /// The plugin waits for the rest of a message (`expect_input`).
    public internal(set) var expectsInput = false

    // Output.
    var queue = OutputQueue()
    var reservation: Reservation?
    var loans: [Loan] = []
    var toldFull = false
    var blocked = false
    /// What the peer still reads; output beyond it waits for ever.
    package var readBudget = Int.max

    /// The peer has closed its socket: whatever is sent to it comes back as a reset.
    var peerIsGone = false

    /// Bytes that were presented, consumed or sent: what does not grow goes on for ever.
    var progress = 0
    /// Where the session goes as soon as it can.
    var successor: SimulatedHost?

    // End.
    /// The listener that it goes to when the callback ends.
    var nextListener: String?
    var closing = false
    var closedByPlugin = false
    var aborting = false
    var closesWhenConsumed = false
    var closeReason = MARTLET_CLOSED_BY_PLUGIN

    var timerDeadline: UInt64?

    /// nil while the connection is open.
    package internal(set) var outcome: Outcome?

    /// What the peer has read and the test has not taken yet.
    public internal(set) var output: [UInt8] = []

    /// Whether the peer reads whatever is written at once. When false, output waits until `read` is called.
    public var readsAtOnce: Bool {
        didSet { if readsAtOnce, !oldValue { read() } }
    }

    /// As the plugin sees it.
    public let address: PeerAddress
    /// What the peer connected to, as the plugin sees it.
    public let local: PeerAddress
    /// The name of the endpoint that it came in by.
    public let endpoint: String

    init(
        number: Int, loop: Int, host: SimulatedHost, readsAtOnce: Bool, address: PeerAddress?, local: PeerAddress?,
        endpoint: String
    ) {
        self.number = number
        self.endpoint = endpoint
        self.local = local ?? .ipv4([127, 0, 0, 1], port: 9_999)
        self.address = address ?? .ipv4([127, 0, 0, 1], port: UInt16(truncatingIfNeeded: 10_000 + number))
        rawID = UInt64(host.ordinal) << 32 | UInt64(number)
        self.loop = loop
        self.host = host
        self.readsAtOnce = readsAtOnce
    }

    /// Whether the session still exists.
    public var isOpen: Bool { hasSession && outcome == nil }

    /// Bytes that the plugin wrote and the peer has not read.
    public var waitingOutput: Int { queue.count }

    /// Bytes that were sent and the plugin has not consumed, presented or not.
    public var unconsumedInput: Int { input.count + unread.reduce(0) { $0 + $1.count } }

    /// The listener whose plugin has the connection now; nil: it was not handed over.
    public var handedOverTo: String? {
        if case .handedOver(let listener) = outcome { listener } else { nil }
    }

    /// The plugin asked for no more input.
    public var isPaused: Bool { paused }

    /// How long until the session's timer fires; nil: none is set.
    public var timer: Duration? {
        timerDeadline.map { .nanoseconds(Int64($0 > host.nanoseconds ? $0 - host.nanoseconds : 0)) }
    }

    /// What the peer has read since the last call.
    public func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// What the peer has read since the last call, as UTF-8. What is none is replaced by U+FFFD.
    public func takeText() -> String { String(decoding: takeOutput(), as: UTF8.self) }
}
