import KeyValueStore
import MartletKit
import RESPWire

/// MULTI … EXEC: the commands in between run together, and nobody else sees a part of what they do
/// (https://redis.io/docs/latest/develop/interact/transactions).
extension RESPSession {
    mutating func multi(_ exchange: inout Exchange) {
        guard !flags.contains(.multi) else { return exchange.output.error("ERR MULTI calls can not be nested") }
        flags.insert(.multi)
        makeDetails(exchange).clearQueue()
        exchange.output.ok()
    }

    mutating func makeDetails(_ exchange: Exchange) -> SessionDetails {
        if let details { return details }
        let made = exchange.withStore { SessionDetails($0) }
        details = made
        return made
    }

    /// Keeps a command for EXEC.
    mutating func enqueue(_ exchange: inout Exchange) {
        let details = makeDetails(exchange)
        var bytes = 16
        exchange.eachArgument(from: 0) { bytes += $0.count + 16 }
        guard details.queue.count + bytes <= exchange.options.maximumTransactionBytes else {
            flags.insert(.failedMulti)
            return exchange.output.error("ERR the transaction is larger than this server keeps (max_transaction)")
        }
        details.queue += exchange.frame
        details.queued += 1
        exchange.output.raw("+QUEUED\r\n")
    }

    mutating func exec(_ exchange: inout Exchange) {
        guard flags.contains(.multi), let details else { return exchange.output.error("ERR EXEC without MULTI") }
        let failed = flags.contains(.failedMulti)
        let (queue, count) = (details.queue, details.queued)
        flags.subtract([.multi, .failedMulti])
        details.clearQueue()
        if isStored(exchange) { return execStored(queue, count, failed: failed, &exchange) }
        let database = exchange.database
        database._withUnsafeGuaranteedRef { database in
            database.store.exclusively { access in
                let usual = exchange.access
                (exchange.access, exchange.isExclusive) = (.memory(access), true)
                defer { (exchange.access, exchange.isExclusive) = (usual, false) }
                let changed = endWatching(exchange)
                if failed {
                    return exchange.output.error("EXECABORT Transaction discarded because of previous errors.")
                }
                if changed { return exchange.output.nullArray() }
                exchange.output.array(count)
                runFramed(queue, &exchange) { session, exchange in
                    guard let found = database.commands.find(exchange.argument(0)) else { return }
                    session.execute(found.command, &exchange)
                }
            }
        }
    }

    mutating func discard(_ exchange: inout Exchange) {
        guard flags.contains(.multi) else { return exchange.output.error("ERR DISCARD without MULTI") }
        endMulti(exchange)
        exchange.output.ok()
    }

    /// Forgets the commands and the watched keys.
    mutating func endMulti(_ exchange: Exchange) {
        flags.subtract([.multi, .failedMulti])
        details?.clearQueue()
        _ = endWatching(exchange)
    }

    mutating func watch(_ exchange: inout Exchange) {
        guard !flags.contains(.multi) else { return exchange.output.error("ERR WATCH inside MULTI is not allowed") }
        let details = makeDetails(exchange)
        if isStored(exchange) { return watchStored(details, &exchange) }
        guard case .memory(let access) = exchange.access else { return }
        exchange.eachArgument(from: 1) { key in
            let name = Array(key)
            guard !details.watched.contains(where: { $0.key == name }) else { return }
            details.watched.append(
                SessionDetails.WatchedKey(key: name, version: access.watch(key, now: exchange.now)))
        }
        exchange.output.ok()
    }

    mutating func unwatch(_ exchange: inout Exchange) {
        _ = endWatching(exchange)
        exchange.output.ok()
    }

    /// Returns whether a watched key has changed.
    mutating func endWatching(_ exchange: Exchange) -> Bool {
        var changed = flags.contains(.changedKey)
        flags.remove(.changedKey)
        guard let details else { return changed }
        defer { details.watched = [] }
        guard !isStored(exchange), case .memory(let access) = exchange.access else { return changed }
        for watched in details.watched {
            watched.key.withUnsafeBytes { key in
                if access.unwatch(key, since: watched.version, now: exchange.now) { changed = true }
            }
        }
        return changed
    }
}
