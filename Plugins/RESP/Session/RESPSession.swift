import KeyValueStore
import MartletKit
import RESPWire

/// One client: takes commands in order, and answers each before it takes the next.
struct RESPSession: Session {
    typealias Plugin = RESP

    struct Flags: OptionSet {
        let rawValue: UInt8
        /// The client speaks RESP3.
        static let resp3 = Flags(rawValue: 1)
        /// The client has sent the password, or none is needed.
        static let authenticated = Flags(rawValue: 2)
        /// Between MULTI and EXEC.
        static let multi = Flags(rawValue: 4)
        /// A command between MULTI and EXEC was wrong, or a watched key had changed before a swap: EXEC fails.
        static let failedMulti = Flags(rawValue: 8)
        static let changedKey = Flags(rawValue: 16)
        /// Has subscribed to something: with RESP2 only few commands are allowed.
        static let subscribed = Flags(rawValue: 32)
        /// The user may not do everything.
        static let limited = Flags(rawValue: 64)

        /// Every command runs at once.
        @inline(__always)
        var isUsual: Bool { rawValue & ~Flags.resp3.rawValue == Flags.authenticated.rawValue }

        /// The same, for commands that the user may use.
        var isUsualButLimited: Bool { subtracting([.resp3, .limited]) == .authenticated }
    }

    var flags: Flags = []
    /// For a database, or for the host to tell who the client is: no command is taken meanwhile.
    var isWaiting = false
    /// The client sends nothing more: the connection closes after the answer.
    var isEnding = false
    var details: SessionDetails?
    var unsent: UnsentCommands?

    init(opening connection: Connection<RESP>) {
        if connection.plugin.servesEverybody { flags.insert(.authenticated) }
        countClient(1, connection)
    }

    init(flags: Flags, details: SessionDetails?, on connection: Connection<RESP>) {
        self.flags = flags
        self.details = details
        countClient(1, connection)
    }

    private func countClient(_ amount: Int, _ connection: Connection<RESP>) {
        connection.plugin.withDatabase { _ = $0.clients.wrappingAdd(amount, ordering: .relaxed) }
    }

    mutating func received(_ input: Span<UInt8>, from connection: Connection<RESP>) -> Int {
        input.withUnsafeBytes {
            connection.plugin.keys == nil ? serve($0, connection) : serveStored($0, connection)
        }
    }

    mutating func peerClosed(_ connection: Connection<RESP>) {
        if isWaiting { isEnding = true } else { connection.close() }
    }

    mutating func draining(_ connection: Connection<RESP>) { peerClosed(connection) }

    mutating func closed(_ connection: Connection<RESP>, reason: CloseReason) {
        countClient(-1, connection)
        guard details != nil else { return }
        let exchange = Exchange(connection, UnsafeRawBufferPointer(start: nil, count: 0), version: 2)
        _ = endWatching(exchange)
        forgetSubscriptions(exchange)
    }

    // MARK: Commands in the input

    private mutating func serve(_ input: UnsafeRawBufferPointer, _ connection: Connection<RESP>) -> Int {
        var exchange = Exchange(connection, input, version: version)
        var consumed = 0
        var commands: Int64 = 0
        let limits = connection.plugin.options.limits
        loop: while consumed < input.count, exchange.output.result == .ok, !isWaiting {
            switch RequestParser.parse(exchange.span.span, from: consumed, limits: limits, into: &exchange.request) {
            case .request(let count):
                consumed += count
                commands += 1
                run(&exchange)
            case .nothing(let count): consumed += count
            case .line(let range, let count):
                consumed += count
                commands += 1
                runLine(range, &exchange)
            case .needMore(let total):
                // A command that cannot fit into the host's input would never be complete.
                if !connection.want(total).isAccepted { refuse(.invalidLength, &exchange) }
                break loop
            case .refused(let error):
                consumed = input.count
                refuse(error, &exchange)
                break loop
            }
        }
        exchange.output.flush()
        if commands > 0 { connection.plugin.metrics.commands.add(commands) }
        return consumed
    }

    var version: UInt8 { flags.contains(.resp3) ? 3 : 2 }

    /// Ends the connection: the rest of the input has no meaning.
    func refuse(_ error: RequestError, _ exchange: inout Exchange) {
        exchange.connection.plugin.metrics.protocolErrors.add()
        exchange.output.error("ERR Protocol error: \(error.message)")
        exchange.output.close()
    }

    mutating func runLine(_ range: ArgumentRange, _ exchange: inout Exchange) {
        let line = UnsafeRawBufferPointer(rebasing: exchange.input[range.start..<range.end])
        do throws(RequestError) {
            let framed = try InlineCommand.framed(line.bindMemory(to: UInt8.self).span)
            if !framed.isEmpty { runFramed(framed, &exchange) { session, exchange in session.run(&exchange) } }
        } catch {
            refuse(error, &exchange)
        }
    }

    /// Calls `body` for each command in memory of our own.
    mutating func runFramed(
        _ bytes: [UInt8], _ exchange: inout Exchange, _ body: (inout RESPSession, inout Exchange) -> Void
    ) {
        let input = exchange.input
        bytes.withUnsafeBytes { bytes in
            exchange.input = bytes
            var start = 0
            let limits = RequestLimits(arguments: .max, bulkBytes: .max)
            while start < bytes.count,
                case .request(let count) = RequestParser.parse(
                    exchange.span.span, from: start, limits: limits, into: &exchange.request)
            {
                start += count
                body(&self, &exchange)
            }
        }
        exchange.input = input
    }
}
