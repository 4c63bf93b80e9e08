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

    /// A command that is unknown or wrong, comes before AUTH, or between MULTI and EXEC.
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
        if flags.contains(.multi), !found.isImmediate { return enqueue(&exchange) }
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
        case .get, .set: break
        case .setnx: exchange.setnx()
        case .setex: exchange.setex(milliseconds: false)
        case .psetex: exchange.setex(milliseconds: true)
        case .getset: exchange.getset()
        case .getdel: exchange.getdel()
        case .getex: exchange.getex()
        case .mget: exchange.mget()
        case .mset: exchange.mset(onlyNew: false)
        case .msetnx: exchange.mset(onlyNew: true)
        case .append: exchange.append()
        case .strlen: exchange.strlen()
        case .getrange: exchange.getrange()
        case .setrange: exchange.setrange()
        case .incr: exchange.add(1)
        case .decr: exchange.add(-1)
        case .incrby: exchange.addArgument(sign: 1)
        case .decrby: exchange.addArgument(sign: -1)
        case .incrbyfloat: exchange.incrbyfloat()
        case .del, .unlink: exchange.del()
        case .exists, .touch: exchange.exists()
        case .expire: exchange.expire(.inSeconds)
        case .pexpire: exchange.expire(.inMilliseconds)
        case .expireat: exchange.expire(.atSecond)
        case .pexpireat: exchange.expire(.atMillisecond)
        case .ttl: exchange.ttl(milliseconds: false)
        case .pttl: exchange.ttl(milliseconds: true)
        case .expiretime: exchange.expiretime(milliseconds: false)
        case .pexpiretime: exchange.expiretime(milliseconds: true)
        case .persist: exchange.persist()
        case .type: exchange.type()
        case .rename: exchange.rename(onlyNew: false)
        case .renamenx: exchange.rename(onlyNew: true)
        case .keys: exchange.keys()
        case .scan: exchange.scan()
        case .randomkey: exchange.randomkey()
        case .dbsize: exchange.dbsize()
        case .flushdb, .flushall: exchange.flush()
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
        }
    }
}
