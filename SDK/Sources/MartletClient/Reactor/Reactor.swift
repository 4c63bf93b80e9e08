import Glibc
import TLSClient

/// The thread of a client: it owns the sockets, and obeys the pool.
///
/// A turn waits for events and messages, tells the pool, does what the pool says, and sends.
final class Reactor: @unchecked Sendable {
    let mailbox: Mailbox
    let clock: ReactorClock

    // Everything below belongs to the reactor's thread.
    var pool: Pool
    let servers: [ServerAddress]
    let tls: (context: TLSClientContext, serverName: String?)?
    let poller: Poller
    var resolver = Resolver()
    var links: [SlotID: Link] = [:]
    /// The links of all sockets, by their tokens.
    var owners: [UInt64: SlotID] = [:]
    /// By the slots of their calls.
    private var waiters: [Waiter?] = []
    /// Where the changes of watches go, by their slots.
    private var changes: [ChangeBuffer?] = []
    private var closers: [UnsafeContinuation<Void, Never>] = []
    private let mailboxToken: UInt64
    private var isRunning = true
    var now: UInt64 = 0

    /// - Parameter tls: nil: connections are not encrypted. The name is what the server's certificate must name; nil: the host.
    init(
        _ settings: Pool.Settings, _ tls: (context: TLSClientContext, serverName: String?)?, _ clock: ReactorClock,
        seed: UInt64
    ) throws(SystemFailure) {
        self.clock = clock
        pool = Pool(settings, seed: seed)
        servers = settings.servers
        self.tls = tls
        mailbox = try Mailbox()
        poller = try Poller()
        mailboxToken = try poller.add(mailbox.descriptor, .input)
    }

    func run() {
        var events: [Poller.Event] = []
        var messages: [Message] = []
        now = clock.nowMilliseconds()
        act()
        while isRunning {
            poller.wait(milliseconds: waitMilliseconds, &events)
            now = clock.nowMilliseconds()
            for event in events {
                if event.token == mailboxToken {
                    mailbox.take(&messages)
                    for message in messages { handle(message) }
                } else {
                    handle(event)
                }
            }
            readHiddenInput()
            continueRaces()
            act()
        }
        end()
    }

    private var waitMilliseconds: Int32 {
        var deadline = pool.nextWakeUpMilliseconds
        for link in links.values {
            if link.mayHaveInput { return 0 }
            if link.stage == .racing, let next = link.race.nextMilliseconds { deadline = min(deadline ?? next, next) }
        }
        return clock.waitMilliseconds(until: deadline)
    }

    /// Until nothing is left to do at this time.
    private func act() {
        while isRunning {
            pool.settle(nowMilliseconds: now)
            let actions = pool.takeActions()
            for action in actions { perform(action) }
            if isRunning, !flushAll(), actions.isEmpty { return }
        }
    }

    private func perform(_ action: Pool.Action) {
        switch action {
        case .open(let id, let server): open(id, server)
        case .close(let id): close(id)
        case .finish(let call, let outcome): finish(call, outcome)
        case .notify(let watch, let change): changes[Int(watch.slot)]?.append(change)
        case .endWatch(let watch, let error): changes[Int(watch.slot)].take()?.finish(error)
        case .stop: isRunning = false
        }
    }

    private func finish(_ call: SlotID, _ outcome: Waiter.Outcome) {
        guard let waiter = waiters[Int(call.slot)].take() else { return }
        if case .success(.watching(let watch)) = outcome {
            while changes.count <= Int(watch.slot) { changes.append(nil) }
            changes[Int(watch.slot)] = waiter.changes
        }
        waiter.resume(outcome)
    }

    // MARK: Messages

    private func handle(_ message: Message) {
        switch message {
        case .call(let waiter, let request, let retry, let timeout): submit(waiter, request, retry, timeout)
        case .cancel(let waiter):
            waiter.isCancelled = true
            if let call = waiter.call { pool.cancel(call) }
        case .unwatch(let watch): pool.unwatch(watch)
        case .resolved(let server, let found): resolved(server, found)
        case .status(let continuation): continuation.resume(returning: pool.status)
        case .close(let continuation):
            closers.append(continuation)
            pool.close()
        case .abort: pool.abort()
        case .wake: break
        }
    }

    private func submit(
        _ waiter: Waiter, _ request: Request, _ retry: MartletClient.Retry, _ timeout: Duration
    ) {
        let call = pool.submit(request, retry: retry, timeout: timeout, nowMilliseconds: now)
        waiter.call = call
        while waiters.count <= Int(call.slot) { waiters.append(nil) }
        waiters[Int(call.slot)] = waiter
        if waiter.isCancelled { pool.cancel(call) }
    }

    // MARK: The end

    private func end() {
        for id in links.keys { close(id) }
        for buffer in changes { buffer?.finish(nil) }
        changes = []
        for message in mailbox.close() { refuse(message) }
        for closer in closers { closer.resume() }
    }

    /// A message that came too late.
    private func refuse(_ message: Message) {
        switch message {
        case .call(let waiter, let request, _, _):
            let error = MartletClientError(
                server: pool.serverName, call: request.name, reason: .closed, mayHaveBeenExecuted: false)
            waiter.resume(.failure(error))
        case .status(let continuation): continuation.resume(returning: pool.status)
        case .close(let continuation): continuation.resume()
        case .cancel, .unwatch, .resolved, .abort, .wake: break
        }
    }
}
