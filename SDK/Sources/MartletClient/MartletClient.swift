import BinaryWire
import TLSClient

/// A client of the binary protocol, with a pool of connections.
///
/// ```swift
/// let client = try MartletClient("localhost:7100")
/// try await client.put("greeting", "hello")
/// let value = try await client.get("greeting")
/// await client.close()
/// ```
///
/// All functions can be called from any number of tasks at the same time. The calls share the connections, and each connection has many
/// requests on their way. Nothing blocks: one thread of the client waits for all sockets.
public final class MartletClient: Sendable {
    let reactor: Reactor
    let configuration: Configuration

    /// Starts the client's thread. Connections are opened when they are needed.
    ///
    /// An address is `host:port`, `[::1]:port` or `unix:/path`.
    public convenience init(
        _ address: String, _ configuration: Configuration = Configuration()
    ) throws(MartletClientError) {
        try self.init([address], configuration)
    }

    /// Starts a client of several servers with the same content. It uses one of them, and the next when that one fails.
    public convenience init(
        _ addresses: [String], _ configuration: Configuration = Configuration()
    ) throws(MartletClientError) {
        try self.init(addresses, configuration, clock: .monotonic, seed: .random(in: 0...UInt64.max))
    }

    /// - Parameter seed: of the random waits.
    init(
        _ addresses: [String], _ configuration: Configuration, clock: ReactorClock, seed: UInt64
    ) throws(MartletClientError) {
        do throws(MartletClientError.Reason) {
            let settings = try configuration.settings(for: addresses)
            self.configuration = configuration
            reactor = try Self.start(settings, configuration.tls, clock, seed)
        } catch {
            throw MartletClientError(
                server: addresses.joined(separator: ", "), call: "connect", reason: error, mayHaveBeenExecuted: false)
        }
    }

    private static func start(
        _ settings: Pool.Settings, _ tls: TLS?, _ clock: ReactorClock, _ seed: UInt64
    ) throws(MartletClientError.Reason) -> Reactor {
        var context: TLSClientContext?
        do throws(TLSFailure) {
            if let tls { context = try TLSClientContext(tls.settings) }
        } catch {
            throw .invalidConfiguration(error.description)
        }
        do throws(SystemFailure) {
            let reactor = try Reactor(settings, context.map { ($0, tls?.serverName) }, clock, seed: seed)
            try DetachedThread.start("martlet-client") { reactor.run() }
            return reactor
        } catch {
            throw .invalidConfiguration("the client cannot start: \(error.description)")
        }
    }

    /// A call keeps the client alive, so there is none.
    deinit { _ = reactor.mailbox.post(.abort) }

    /// Refuses new calls, waits until the others are finished, and closes the connections. The client cannot be used again.
    public func close() async {
        await withUnsafeContinuation { continuation in
            if !reactor.mailbox.post(.close(continuation)) { continuation.resume() }
        }
    }

    /// What the client is doing now.
    public func status() async -> Status {
        await withUnsafeContinuation { continuation in
            if !reactor.mailbox.post(.status(continuation)) { continuation.resume(returning: Status()) }
        }
    }

    // MARK: Calls

    /// Sends a request and waits for its answer, its time-out, or the cancellation of the task.
    ///
    /// - Parameter timeout: nil: that of the configuration.
    func perform(
        _ request: Request, _ retry: Retry, _ timeout: Duration?, changes: ChangeBuffer? = nil
    ) async throws(MartletClientError) -> Reply {
        let waiter = Waiter(changes: changes)
        let mailbox = reactor.mailbox
        let timeout = timeout ?? configuration.requestTimeout
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Waiter.Outcome, Never>) in
                waiter.continuation = continuation
                if !mailbox.post(.call(waiter, request, retry, timeout: timeout)) {
                    waiter.resume(.failure(closed(request)))
                }
            }
        } onCancel: {
            _ = mailbox.post(.cancel(waiter))
        }
        return try outcome.get()
    }

    private func closed(_ request: Request) -> MartletClientError {
        MartletClientError(
            server: reactor.servers[0].description, call: request.name, reason: .closed, mayHaveBeenExecuted: false)
    }

    /// The session has compared the opcodes of request and answer, so this means that the server's answer makes no sense.
    func wrongAnswer(_ call: String, _ text: String = "the answer is that of another request") -> MartletClientError {
        MartletClientError(
            server: reactor.servers[0].description, call: call, reason: .wrongAnswer(text), mayHaveBeenExecuted: true)
    }
}
