import KeyValueStore
import MartletKit

/// A session moves with its protocol, its name, the commands of its transaction, the keys that it watches and its subscriptions.
///
///     offset  bytes
///     0       1      flags
///     1       4      bytes of the name, then the name
///             4      commands that wait for EXEC
///             4      their bytes, then the bytes
///             4      watched keys; for each: 4 bytes for its length, then the key
///             4      channels, in the same way
///             4      patterns, in the same way
///             1      since version 2: how the user is limited: 0: there is none, 1: not in writing, 2: it only reads
///                    the user, as the name above
///             4      prefixes of its keys, in the same way as channels
extension RESPSession: RestorableSession {
    static let stateSchema = StateSchema("resp.session", version: 2, restores: 1...2)

    func save(into state: inout SavedState) -> SaveOutcome {
        if isWaiting { return .notNow }
        guard let details else {
            state.append(flags.rawValue)
            return .saved
        }
        state.append((details.hasChangedKey ? flags.union(.changedKey) : flags).rawValue)
        append(details.name, &state)
        state.append(UInt32(details.queued))
        append(details.queue, &state)
        state.append(UInt32(details.watched.count))
        for watched in details.watched { append(watched.key, &state) }
        for names in [details.channels, details.patterns] {
            state.append(UInt32(names.count))
            for name in names { append(Array(name.utf8), &state) }
        }
        guard let user = details.user else {
            state.append(UInt8(0))
            return .saved
        }
        state.append(UInt8(user.isReadOnly ? 2 : 1))
        append(Array(user.name.utf8), &state)
        state.append(UInt32(user.prefixes.count))
        for prefix in user.prefixes { append(prefix, &state) }
        return .saved
    }

    private func append(_ bytes: [UInt8], _ state: inout SavedState) {
        state.append(UInt32(bytes.count))
        state.append(bytes.span.bytes)
    }

    init?(restoring state: RawSpan, version: UInt32, on connection: Connection<RESP>) {
        var reader = StateReader(state)
        guard let flags = reader.byte() else { return nil }
        guard !reader.isAtEnd else {
            self.init(flags: Flags(rawValue: flags), details: nil, on: connection)
            // The listener had no users before.
            if connection.plugin.requiresUsers { self.flags.remove(.authenticated) }
            return
        }
        let details = connection.plugin.withDatabase { SessionDetails($0.store) }
        guard let name = reader.bytes(), let queued = reader.number(), let queue = reader.bytes(),
            let keys = reader.list(), let channels = reader.list(), let patterns = reader.list(),
            let user = reader.user(version), reader.isAtEnd
        else { return nil }
        details.user = user
        details.name = name
        details.queued = Int(queued)
        details.queue = queue
        details.channels = Set(channels.map { String(decoding: $0, as: UTF8.self) })
        details.patterns = Set(patterns.map { String(decoding: $0, as: UTF8.self) })
        self.init(flags: Flags(rawValue: flags), details: details, on: connection)
        if let user = details.user {
            connection.setPrincipal(user.name)
        } else if connection.plugin.requiresUsers {
            self.flags.remove(.authenticated)
        }
        let exchange = Exchange(connection, UnsafeRawBufferPointer(start: nil, count: 0), version: 2)
        // What their versions were in a database is not part of the state: EXEC fails, and the client tries again.
        if isStored(exchange) {
            if !keys.isEmpty { self.flags.insert(.changedKey) }
        }
        for key in keys where !isStored(exchange) {
            // Without the clock: a key that has expired meanwhile has changed when EXEC looks.
            let version = key.withUnsafeBytes { key in exchange.withStore { $0.access.watch(key, now: 0) } }
            details.watched.append(SessionDetails.WatchedKey(key: key, version: version))
        }
        // The connection is still in its groups.
        registerSubscriptions(exchange)
    }
}

/// Reads what `save` wrote; nil beyond the end.
private struct StateReader {
    private let state: [UInt8]
    private var place = 0

    init(_ state: RawSpan) { self.state = state.withUnsafeBytes { Array($0) } }

    var isAtEnd: Bool { place == state.count }

    mutating func byte() -> UInt8? {
        guard place < state.count else { return nil }
        place += 1
        return state[place - 1]
    }

    mutating func number() -> UInt32? {
        guard state.count - place >= 4 else { return nil }
        place += 4
        return state[place - 4..<place].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    mutating func bytes() -> [UInt8]? {
        guard let count = number(), state.count - place >= Int(count) else { return nil }
        place += Int(count)
        return Array(state[place - Int(count)..<place])
    }

    /// The inner nil: there is none.
    mutating func user(_ version: UInt32) -> User?? {
        guard version > 1 else { return .some(nil) }
        switch byte() {
        case 0: return .some(nil)
        case 1: return read(isReadOnly: false)
        case 2: return read(isReadOnly: true)
        default: return nil
        }
    }

    private mutating func read(isReadOnly: Bool) -> User?? {
        guard let name = bytes(), let prefixes = list() else { return nil }
        return User(name: String(decoding: name, as: UTF8.self), isReadOnly: isReadOnly, prefixes: prefixes)
    }

    mutating func list() -> [[UInt8]]? {
        guard let count = number() else { return nil }
        var list: [[UInt8]] = []
        for _ in 0..<count {
            guard let bytes = bytes() else { return nil }
            list.append(bytes)
        }
        return list
    }
}
