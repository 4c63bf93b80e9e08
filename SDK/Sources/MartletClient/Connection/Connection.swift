import BinaryWire
import SCRAM

/// One connection as a value: what it has sent, what it waits for, and when something is due. The reactor beside it owns the socket.
struct Connection: Sendable {
    enum Phase: Sendable {
        /// The reactor connects, and makes TLS.
        case connecting
        /// The hello is on its way.
        case greeting
        /// The server is told who the client is.
        case authenticating
        case open
        /// It takes no more requests; those in flight finish.
        case leaving
    }

    /// The index of the server.
    let server: Int
    /// The failures of the servers when it was opened.
    let round: Int
    let settings: Settings
    var phase = Phase.connecting
    var session: ClientSession
    var output = OutputQueue()
    var requests: RequestsInFlight
    /// The watches of the pool, by the numbers of the server.
    var watches: [UInt32: SlotID] = [:]
    var heartbeat: ClientHeartbeat
    /// Between the messages of SCRAM.
    var scram: SCRAMClient?
    /// What the server said in its hello.
    var description: MartletClient.Server?
    /// When it must be open.
    let connectDeadlineMilliseconds: UInt64
    /// It has answered a call, so the server is well.
    var hasServed = false
    var lastUsedMilliseconds: UInt64

    /// What all connections of a client have in common, in the units of the clock.
    struct Settings: Sendable {
        let name: String
        let maximumPayload: UInt32
        let requestsInFlight: Int
        let connectTimeout: Duration
        let heartbeatMilliseconds: UInt64
        let unansweredHeartbeats: Int
        let idleMilliseconds: UInt64?
        let credentials: MartletClient.Credentials?

        /// Requests and the client's own pings.
        var capacity: Int {
            let wanted = requestsInFlight + unansweredHeartbeats + 1
            return 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
        }
    }

    /// A connection has room while less than this waits to be sent, so that a few large values do not fill the memory twice.
    static var outputLimit: Int { 256 << 10 }

    init(to server: Int, round: Int, _ settings: Settings, nowMilliseconds: UInt64) {
        self.server = server
        self.round = round
        self.settings = settings
        session = ClientSession(
            name: settings.name, maximumPayload: settings.maximumPayload, maximumInFlight: settings.capacity)
        requests = RequestsInFlight(capacity: settings.capacity)
        heartbeat = ClientHeartbeat(
            intervalMilliseconds: settings.heartbeatMilliseconds, unansweredLimit: settings.unansweredHeartbeats,
            nowMilliseconds: nowMilliseconds)
        connectDeadlineMilliseconds = nowMilliseconds + settings.connectTimeout.wholeMilliseconds
        lastUsedMilliseconds = nowMilliseconds
    }

    var isOpening: Bool { phase == .connecting || phase == .greeting || phase == .authenticating }
    /// Requests without an answer, including those of callers that have given up.
    var load: Int { requests.count }
    var hasRoom: Bool {
        phase == .open && requests.count < settings.requestsInFlight && output.count < Self.outputLimit
    }
    /// Full of requests that nobody waits for: the server does not answer them.
    var isStuck: Bool { requests.abandoned >= settings.requestsInFlight }

    // MARK: Sending

    /// The socket is connected: the hello is the first frame.
    mutating func greet(nowMilliseconds: UInt64) throws(RequestRefusal) {
        precondition(phase == .connecting, "a connection greets once")
        phase = .greeting
        output.append(try session.hello().bytes)
        heartbeat.heard(nowMilliseconds: nowMilliseconds)
    }

    /// Returns the id of the request.
    @discardableResult
    mutating func send(
        _ request: Request, for purpose: RequestsInFlight.Purpose, nowMilliseconds: UInt64
    ) throws(RequestRefusal) -> UInt32 {
        let made = try session.make(request)
        append(made, purpose)
        lastUsedMilliseconds = nowMilliseconds
        return made.requestID
    }

    mutating func append(_ made: ClientRequest, _ purpose: RequestsInFlight.Purpose) {
        let start = output.end
        output.append(made.bytes)
        requests.insert(
            RequestsInFlight.Entry(requestID: made.requestID, purpose: purpose, frame: start..<output.end))
    }

    /// Ends a watch that nobody wants any more. If there is no room for the request, its notices are dropped until the connection ends.
    mutating func unwatch(_ number: UInt32) {
        watches[number] = nil
        if let made = try? session.unwatch(number) { append(made, .own) }
    }

    /// Takes no more requests. Returns what the requests were for that had not been sent, in their order.
    mutating func leave() -> [RequestsInFlight.Purpose] {
        guard phase == .open else { return [] }
        phase = .leaving
        let unsent = requests.sorted().filter { $0.frame.lowerBound >= output.committed }
        for entry in unsent.reversed() {
            output.remove(entry.frame)
            _ = requests.remove(entry.requestID)
            session.withdraw(entry.requestID)
        }
        return unsent.map(\.purpose)
    }

    /// Whether the server can have the whole request. If not, it has not executed it.
    func mayHaveArrived(_ entry: RequestsInFlight.Entry) -> Bool { entry.frame.upperBound <= output.committed }

    // MARK: Time

    /// What is due.
    mutating func tick(nowMilliseconds: UInt64, isSpare: Bool) -> Due {
        if isOpening {
            return nowMilliseconds >= connectDeadlineMilliseconds
                ? .failed(.connectTimedOut(settings.connectTimeout)) : .nothing
        }
        if phase == .leaving, requests.count == 0, output.isEmpty { return .finished }
        if isStuck { return .failed(.silent(.milliseconds(nowMilliseconds - lastUsedMilliseconds))) }
        if session.serverIsLost(nowMilliseconds: nowMilliseconds) {
            let interval = Int(session.heartbeatMilliseconds) * (Int(session.unansweredHeartbeats) + 1)
            return .failed(.silent(.milliseconds(interval)))
        }
        if isSpare, let idle = idleDeadlineMilliseconds, nowMilliseconds >= idle { return .finished }
        return beat(nowMilliseconds)
    }

    enum Due: Equatable {
        case nothing
        /// Close it; nothing is lost.
        case finished
        case failed(ConnectionFailure)
    }

    private mutating func beat(_ now: UInt64) -> Due {
        switch heartbeat.tick(nowMilliseconds: now) {
        case .none: break
        case .ping: if let ping = try? session.ping() { append(ping, .own) }
        case .lost:
            let silence = heartbeat.intervalMilliseconds * UInt64(heartbeat.unansweredLimit + 1)
            return .failed(.silent(.milliseconds(silence)))
        }
        return .nothing
    }

    private var idleDeadlineMilliseconds: UInt64? {
        guard let idle = settings.idleMilliseconds, requests.count == 0, watches.isEmpty else { return nil }
        return lastUsedMilliseconds + idle
    }

    /// When to tick; nil: nothing is ever due.
    func nextTickMilliseconds(isSpare: Bool) -> UInt64? {
        if isOpening { return connectDeadlineMilliseconds }
        var next = heartbeat.nextMilliseconds
        func take(_ time: UInt64) { next = min(next ?? time, time) }
        if isSpare, let idle = idleDeadlineMilliseconds { take(idle) }
        if let lost = session.lossDeadlineMilliseconds { take(lost) }
        return next
    }
}
