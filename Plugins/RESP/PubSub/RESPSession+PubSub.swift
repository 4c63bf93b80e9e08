import MartletKit
import RESPWire

/// SUBSCRIBE and its kin: https://redis.io/docs/latest/develop/interact/pubsub. Each channel and pattern is a group of the host.
extension RESPSession {
    /// A group has a name of up to 255 bytes.
    private static let longestName = 250

    mutating func subscribe(_ exchange: inout Exchange, _ kind: SubscriptionKind) {
        for index in 1..<exchange.request.count {
            let bytes = exchange.argument(index)
            guard bytes.count > 0, bytes.count <= Self.longestName,
                let name = String(validating: bytes, as: UTF8.self)
            else {
                return exchange.output.error("ERR a channel has a name of 1 to \(Self.longestName) bytes of UTF-8")
            }
            guard join(name, kind, exchange) else {
                return exchange.output.error("ERR too many subscriptions, or the server is busy")
            }
            answer(kind == .channel ? "subscribe" : "psubscribe", bytes, &exchange)
        }
    }

    /// Without arguments from all.
    mutating func unsubscribe(_ exchange: inout Exchange, _ kind: SubscriptionKind) {
        let word: StaticString = kind == .channel ? "unsubscribe" : "punsubscribe"
        if exchange.request.count > 1 {
            for index in 1..<exchange.request.count {
                let bytes = exchange.argument(index)
                leave(bytes.text, kind, exchange)
                answer(word, bytes, &exchange)
            }
            return
        }
        let names = kind == .channel ? details?.channels : details?.patterns
        guard let names, !names.isEmpty else { return answer(word, nil, &exchange) }
        for name in names {
            leave(name, kind, exchange)
            Array(name.utf8).withUnsafeBytes { answer(word, $0, &exchange) }
        }
    }

    /// The kind of the message, the channel, and to how many channels and patterns the client is subscribed now.
    private func answer(_ word: StaticString, _ name: UnsafeRawBufferPointer?, _ exchange: inout Exchange) {
        exchange.output.push(3)
        exchange.output.bulk(word.bytes)
        if let name { exchange.output.bulk(name) } else { exchange.output.null() }
        exchange.output.integer(subscriptions)
    }

    private var subscriptions: Int { (details?.channels.count ?? 0) + (details?.patterns.count ?? 0) }

    private mutating func join(_ name: String, _ kind: SubscriptionKind, _ exchange: Exchange) -> Bool {
        let details = makeDetails(exchange)
        guard !(kind == .channel ? details.channels : details.patterns).contains(name) else { return true }
        let group = kind.group(name, version: exchange.output.version)
        guard exchange.connection.join(group, policy: exchange.options.slowSubscribers).isAccepted else { return false }
        if kind == .channel { details.channels.insert(name) } else { details.patterns.insert(name) }
        flags.insert(.subscribed)
        exchange.withSubscriptions { $0.add(name, kind) }
        return true
    }

    private mutating func leave(_ name: String, _ kind: SubscriptionKind, _ exchange: Exchange) {
        guard let details else { return }
        let removed = kind == .channel ? details.channels.remove(name) : details.patterns.remove(name)
        guard removed != nil else { return }
        exchange.connection.leave(kind.group(name, version: exchange.output.version))
        exchange.withSubscriptions { $0.remove(name, kind) }
        if subscriptions == 0 { flags.remove(.subscribed) }
    }

    mutating func leaveAll(_ exchange: Exchange) {
        for name in details?.channels ?? [] { leave(name, .channel, exchange) }
        for name in details?.patterns ?? [] { leave(name, .pattern, exchange) }
    }

    /// HELLO of a subscriber: from now on its messages have another form.
    func changeVersion(to version: UInt8, _ exchange: Exchange) {
        eachSubscription { name, kind in
            exchange.connection.leave(kind.group(name, version: exchange.output.version))
            exchange.connection.join(kind.group(name, version: version), policy: exchange.options.slowSubscribers)
        }
    }

    /// The connection has ended: the host has removed it from its groups.
    func forgetSubscriptions(_ exchange: Exchange) {
        eachSubscription { name, kind in exchange.withSubscriptions { $0.remove(name, kind) } }
    }

    func registerSubscriptions(_ exchange: Exchange) {
        eachSubscription { name, kind in exchange.withSubscriptions { $0.add(name, kind) } }
    }

    private func eachSubscription(_ body: (String, SubscriptionKind) -> Void) {
        for name in details?.channels ?? [] { body(name, .channel) }
        for name in details?.patterns ?? [] { body(name, .pattern) }
    }

    /// With RESP2 a subscriber cannot tell an answer from a message.
    func isAllowedWhileSubscribed(_ command: Command) -> Bool {
        guard flags.contains(.subscribed), !flags.contains(.resp3) else { return true }
        switch command {
        case .subscribe, .unsubscribe, .psubscribe, .punsubscribe, .ping, .quit, .reset: return true
        default: return false
        }
    }
}
