import BinaryWire
import Testing

@testable import MartletClient

/// The pool with servers that are values: no sockets, no threads, no time but the test's.
struct SimulatedNetwork: ~Copyable {
    var pool: Pool
    var now: UInt64 = 1_000
    /// The connections that the pool has opened and not closed, with the servers' ends.
    var links: [SlotID: Link] = [:]
    /// When connections were opened.
    var opened: [UInt64] = []
    var outcomes: [SlotID: [Result<Reply, MartletClientError>]] = [:]
    var hasStopped = false

    struct Link {
        let server: Int
        var isConnected = false
        var session = ServerSession(settings: ServerSettings()!, nowMilliseconds: 0)
        /// Bytes from the client that the server has not read.
        var input: [UInt8] = []
        /// Requests that the server has read and not answered.
        var requests: [Peer.Incoming] = []
    }

    init(servers: Int = 1, seed: UInt64 = 1, _ change: (inout MartletClient.Configuration) -> Void = { _ in }) throws {
        var configuration = MartletClient.Configuration()
        configuration.heartbeatInterval = nil
        change(&configuration)
        pool = Pool(try configuration.settings(for: (0..<servers).map { "server-\($0):1" }), seed: seed)
    }

    mutating func submit(_ request: Request, retry: MartletClient.Retry = .ifSafe, timeout: Duration = .seconds(5))
        -> SlotID
    {
        let id = pool.submit(request, retry: retry, timeout: timeout, nowMilliseconds: now)
        outcomes[id] = []
        return id
    }

    /// Does what the reactor does at the end of a turn.
    mutating func settle() {
        while true {
            pool.settle(nowMilliseconds: now)
            let actions = pool.takeActions()
            if actions.isEmpty { return }
            for action in actions { perform(action) }
            if hasStopped { return }
        }
    }

    private mutating func perform(_ action: Pool.Action) {
        switch action {
        case .open(let id, let server):
            links[id] = Link(server: server)
            opened.append(now)
        case .close(let id): links[id] = nil
        case .finish(let call, let outcome): outcomes[call, default: []].append(outcome)
        case .notify, .endWatch: break
        case .stop: hasStopped = true
        }
    }

    // MARK: What the network does

    mutating func connect(_ id: SlotID) {
        links[id]?.isConnected = true
        pool.connected(id, nowMilliseconds: now)
        settle()
    }

    mutating func fail(_ id: SlotID, _ failure: ConnectionFailure = .closedByServer) {
        pool.failed(id, failure, nowMilliseconds: now)
        settle()
    }

    /// Carries at most so many bytes to the server.
    mutating func carry(_ id: SlotID, bytes limit: Int = .max) {
        guard links[id]?.isConnected == true else { return }
        var carried: [UInt8] = []
        pool.send(id) { bytes in
            carried = Array(bytes.prefix(limit))
            return (carried.count, 0)
        }
        links[id]?.input += carried
        read(id)
    }

    /// The server reads all frames; it answers a hello at once.
    private mutating func read(_ id: SlotID) {
        while var link = links[id] {
            let input = link.input
            let step = link.session.next(in: input.span.bytes, nowMilliseconds: now)
            let bytes = Array(link.input[..<step.consumed])
            link.input.removeFirst(step.consumed)
            var answer: [UInt8] = []
            switch step.event {
            case .hello(_, let request):
                answer = encoded {
                    FrameEncoder.helloAnswer(
                        settings: link.session.settings, name: RawSpan(), requestID: request, into: &$0)
                }
            case .request(let request, let requestID):
                link.requests.append(Peer.Incoming(request: request, id: requestID, bytes: bytes))
            default: return
            }
            links[id] = link
            if !answer.isEmpty { deliver(id, answer) }
        }
    }

    mutating func deliver(_ id: SlotID, _ bytes: [UInt8]) {
        _ = pool.received(id, bytes.span.bytes, nowMilliseconds: now)
        settle()
    }

    /// Connects, and exchanges the hellos.
    mutating func establish(_ id: SlotID) {
        connect(id)
        carry(id)
    }

    /// Answers the request at this index of those that the server has read.
    mutating func answer(_ id: SlotID, _ index: Int = 0, from store: TestStore) {
        guard let request = links[id]?.requests.remove(at: index) else { return }
        deliver(id, store.answer(request))
    }

    mutating func advance(milliseconds: UInt64) {
        now += milliseconds
        settle()
    }

    /// Moves the clock to the time at which the pool wants to be woken.
    mutating func advanceToWakeUp() throws {
        guard let next = pool.nextWakeUpMilliseconds else { throw Failure(description: "the pool waits for nothing") }
        now = max(now, next)
        settle()
    }

    func hasOutput(_ id: SlotID) -> Bool { pool.hasOutput(id) }

    func outcome(_ id: SlotID) -> Result<Reply, MartletClientError>? { outcomes[id]?.first }

    func reason(_ id: SlotID) -> MartletClientError.Reason? {
        if case .failure(let error)? = outcome(id) { error.reason } else { nil }
    }
}
