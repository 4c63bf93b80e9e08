/// The calls and the connections of a client as a value: which request goes to which connection, what is repeated, when a connection is
/// opened or closed. It does no I/O and has no clock.
///
/// The reactor reports what happened, calls `settle`, and then does what `actions` say.
struct Pool: ~Copyable {
    let settings: Settings
    var calls = SlotTable<Call>()
    var connections = SlotTable<Connection>()
    var watches = SlotTable<Watch>()
    /// Watches that no connection has, though they are wanted.
    var watchesToPlace = 0
    /// None of them is tried before.
    var placingPauseMilliseconds: UInt64 = 0
    var servers: ServerChoice
    var backOff: BackOff
    /// Calls that wait. A call that is not in state `waiting` any more is skipped.
    var queue = Queue<SlotID>()
    /// Calls in state `waiting` or `pausing`.
    var waitingCount = 0
    /// Calls in state `pausing`, and some that have ended meanwhile.
    var pausing: [SlotID] = []
    /// Calls in state `pausing`.
    var pausingCount = 0
    /// No call is due before: lower bounds, which are made exact when they have passed.
    var callDeadlineBound = UInt64.max
    var pauseBound = UInt64.max
    /// Why a connection failed last, for the errors of calls that time out.
    var lastFailure: ConnectionFailure?
    var isClosing = false
    private(set) var actions: [Action] = []

    enum Action: Sendable {
        /// Connect to the server with this index, then call `connected` or `failed`.
        case open(SlotID, server: Int)
        /// Close the socket, whatever it is doing.
        case close(SlotID)
        case finish(SlotID, Result<Reply, MartletClientError>)
        case notify(SlotID, MartletClient.Change)
        /// The watch notices no more.
        case endWatch(SlotID, MartletClientError)
        /// The client is closed, and all calls are finished.
        case stop
    }

    struct Settings: Sendable {
        let servers: [ServerAddress]
        let connection: Connection.Settings
        let minimumConnections: Int
        let maximumConnections: Int
        let maximumWaitingCalls: Int
        let retry: MartletClient.RetryPolicy
    }

    init(_ settings: Settings, seed: UInt64) {
        self.settings = settings
        servers = ServerChoice(count: settings.servers.count)
        backOff = BackOff(settings.retry, seed: seed)
    }

    mutating func perform(_ action: Action) { actions.append(action) }

    /// What to do now, in this order, before anything else is reported.
    mutating func takeActions() -> [Action] {
        let taken = actions
        actions.removeAll(keepingCapacity: true)
        calls.recycle()
        connections.recycle()
        watches.recycle()
        return taken
    }

    /// Call this after everything that happened at a time was reported, again after the actions if there were any.
    mutating func settle(nowMilliseconds now: UInt64) {
        tickConnections(now)
        expireCalls(now)
        endPauses(now)
        placeWatches(now)
        dispatch(now)
        openConnections(now)
        if isClosing, calls.isEmpty { stop() }
    }

    /// When to call `settle` if nothing happens before; nil: never.
    var nextWakeUpMilliseconds: UInt64? {
        var next = min(calls.isEmpty ? .max : callDeadlineBound, pauseBound)
        let spare = isSpare
        connections.visit { _, connection in
            next = min(next, connection.nextTickMilliseconds(isSpare: spare) ?? .max)
        }
        if watchesToPlace > 0, spareRoomExists { next = min(next, placingPauseMilliseconds) }
        if wantedConnections > 0 { next = min(next, servers.nextAttemptMilliseconds) }
        return next == .max ? nil : next
    }

    /// The text of the server that is asked next, for errors.
    var serverName: String { settings.servers[servers.current].description }

    var status: MartletClient.Status {
        var status = MartletClient.Status()
        status.waitingCalls = waitingCount
        connections.visit { _, connection in
            switch connection.phase {
            case .connecting, .greeting, .authenticating: status.openingConnections += 1
            case .open: status.openConnections += 1
            case .leaving: status.leavingConnections += 1
            }
            status.requestsInFlight += connection.load
        }
        return status
    }
}
