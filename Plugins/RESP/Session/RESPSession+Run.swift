import MartletKit
import RESPWire

extension RESPSession {
    /// Runs the command of the exchange, or keeps it for EXEC, and counts it.
    @inline(__always)
    mutating func run(_ exchange: inout Exchange) {
        let before = exchange.output.bytes
        let name = exchange.argument(0)
        let found = exchange.database._withUnsafeGuaranteedRef { $0.commands.find(name) }
        if let found, found.takes(exchange.request.count), flags.isUsual {
            execute(found.command, &exchange)
        } else {
            runUnusual(found, &exchange)
        }
        exchange.connection.requestDone(
            method: found?.command.text ?? "unknown", target: Span(), status: 0,
            bytes: UInt64(exchange.output.bytes - before), failed: false)
    }

    /// A command that is unknown or wrong, comes before AUTH, from a user that may not do everything, or between MULTI and EXEC.
    @inline(never)
    private mutating func runUnusual(_ found: CommandTable.Entry?, _ exchange: inout Exchange) {
        guard let found else {
            if flags.contains(.multi) { flags.insert(.failedMulti) }
            return exchange.unknownCommand()
        }
        guard flags.contains(.authenticated) || found.isOpen || found.command == .auth else {
            return exchange.output.error("NOAUTH Authentication required.")
        }
        guard found.takes(exchange.request.count) else {
            if flags.contains(.multi) { flags.insert(.failedMulti) }
            return exchange.wrongArity()
        }
        guard isAllowedWhileSubscribed(found.command) else {
            return exchange.output.error(
                "ERR Can't execute '\(exchange.argument(0).text.lowercased())': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                    + "RESET are allowed in this context")
        }
        if let denial = denial(of: found.command, exchange) {
            if flags.contains(.multi) { flags.insert(.failedMulti) }
            return exchange.output.error(denial)
        }
        if flags.contains(.multi), !found.isImmediate {
            // What follows between MULTI and EXEC was allowed to somebody else.
            guard !exchange.connection.plugin.requiresUsers || found.command != .auth && found.command != .hello else {
                flags.insert(.failedMulti)
                return exchange.output.error("ERR \(found.command.description.name) inside MULTI is not allowed")
            }
            return enqueue(&exchange)
        }
        execute(found.command, &exchange)
    }

    @inline(__always)
    mutating func execute(_ command: Command, _ exchange: inout Exchange) {
        switch command {
        case .get: exchange.get()
        case .set: exchange.set()
        default: executeOther(command, &exchange)
        }
    }

    @inline(never)
    private mutating func executeOther(_ command: Command, _ exchange: inout Exchange) {
        switch command {
        case .info: exchange.info()
        case .command: exchange.command()
        case .config: exchange.config()
        case .time: exchange.time()
        case .ping: ping(&exchange)
        case .echo: exchange.output.bulk(exchange.argument(1))
        case .select: exchange.select()
        case .quit: quit(&exchange)
        case .reset: reset(&exchange)
        case .client: client(&exchange)
        case .hello: hello(&exchange)
        case .auth: auth(&exchange)
        case .multi: multi(&exchange)
        case .exec: exec(&exchange)
        case .discard: discard(&exchange)
        case .watch: watch(&exchange)
        case .unwatch: unwatch(&exchange)
        case .subscribe: subscribe(&exchange, .channel)
        case .psubscribe: subscribe(&exchange, .pattern)
        case .unsubscribe: unsubscribe(&exchange, .channel)
        case .punsubscribe: unsubscribe(&exchange, .pattern)
        case .publish: exchange.publish()
        case .pubsub: exchange.pubsub()
        default: exchange.runKeyCommand(command)
        }
    }
}
