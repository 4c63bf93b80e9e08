import SCRAM
import SQL
import Synchronization
import Threads

/// The users in a database: tells who somebody is. Its steps run one after another on a thread of its own, because they wait for the
/// database, and because a password takes milliseconds: a peer that guesses costs one processor and no loop.
package final class UserDirectory: Sendable {
    /// A client between two messages of SCRAM.
    private struct Exchange {
        let server: SCRAMServer
        let record: UserRecord?
        let network: PeerNetwork
        let since: UInt64
    }

    private struct State {
        var limits = FailureLimits()
        var cache = CredentialCache()
        var exchanges: [UInt64: Exchange] = [:]
        var isPrepared = false
    }

    /// Steps that wait.
    static let queueLimit = 4_096
    static let exchangeLimit = 16_384
    private static let exchangeNanoseconds: UInt64 = 30_000_000_000
    private static let databaseMilliseconds: UInt64 = 5_000

    private let table: UserTable
    /// nil: whoever asks waits.
    private let thread: TaskThread?
    private let clock: @Sendable () -> UInt64
    private let waiting = Atomic<Int>(0)
    private let state = Mutex(State())
    /// For names that nobody has, so that a client cannot tell who is there: the same name gets the same salt.
    private let secret = secureRandomBytes(Digests.byteCount)

    /// - Parameter hasThread: false: steps run on the thread that asks.
    package init(
        _ database: any Database, hasThread: Bool = true,
        clock: @escaping @Sendable () -> UInt64 = { readMonotonicClock() }
    ) {
        table = UserTable(database)
        thread = hasThread ? TaskThread(name: "users") : nil
        self.clock = clock
    }

    /// The name of the database.
    package var name: String { table.name }

    /// Takes a step later. False: too many wait, and `answer` is not called.
    package func submit(
        _ step: AuthenticationStep, answer: @escaping @Sendable (Authentication) -> Void
    ) -> Bool {
        guard let thread else {
            answer(take(step))
            return true
        }
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.queueLimit else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        thread.run { [self] in
            let outcome = take(step)
            waiting.wrappingSubtract(1, ordering: .relaxed)
            answer(outcome)
        }
        return true
    }

    /// Waits for the steps that wait.
    package func stop() { _ = thread?.finish(by: .after(milliseconds: Self.databaseMilliseconds)) }

    // MARK: Steps, on the thread

    /// Takes a step now.
    package func take(_ step: AuthenticationStep) -> Authentication {
        do throws(UserProblem) {
            switch step.mechanism {
            case .scram:
                if let exchange = state.withLock({ $0.exchanges.removeValue(forKey: step.connection) }) {
                    return finish(exchange, step)
                }
                return try begin(step)
            case .plain: return try checkPassword(step)
            case .token: return try checkToken(step)
            }
        } catch {
            return .away(error.text)
        }
    }

    private func begin(_ step: AuthenticationStep) throws(UserProblem) -> Authentication {
        var server: SCRAMServer
        do throws(SCRAMServer.Malformed) {
            server = try SCRAMServer(clientFirst: step.message)
        } catch {
            return .malformed(error.text)
        }
        guard let name = userName(server.user) else { return deny(nil, step) }
        if isLimited(name, step) { return .limited(name: name) }
        let record = try find(name)
        let verifier = record?.verifier ?? madeUp(name)
        let message = server.challenge(verifier, nonce: SCRAM.newNonce())
        let now = clock()
        let exchange = Exchange(
            server: server, record: record?.verifier == nil ? nil : record, network: step.network, since: now)
        state.withLock { state in
            if state.exchanges.count >= Self.exchangeLimit {
                state.exchanges = state.exchanges.filter { now - min($0.value.since, now) < Self.exchangeNanoseconds }
                // Then all who began earlier begin again.
                if state.exchanges.count >= Self.exchangeLimit { state.exchanges.removeAll() }
            }
            state.exchanges[step.connection] = exchange
        }
        return .goesOn(message: message)
    }

    private func finish(_ exchange: Exchange, _ step: AuthenticationStep) -> Authentication {
        let name = String(decoding: exchange.server.user, as: UTF8.self)
        let now = clock()
        guard now - min(exchange.since, now) < Self.exchangeNanoseconds else {
            return .malformed("the exchange began too long ago")
        }
        // Others may have failed meanwhile.
        if isLimited(name, step) { return .limited(name: name) }
        do throws(SCRAMServer.Malformed) {
            let message = try exchange.server.finish(clientFinal: step.message)
            guard let message, let record = exchange.record else { return deny(name, step) }
            return accept(record, message, step)
        } catch {
            return .malformed(error.text)
        }
    }

    private func checkPassword(_ step: AuthenticationStep) throws(UserProblem) -> Authentication {
        let parts = step.message.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        guard step.message.count <= SCRAM.messageLimit, parts.count == 3, !parts[2].contains(0) else {
            return .malformed("expected a message of RFC 4616")
        }
        guard parts[0].isEmpty || parts[0] == parts[1] else { return .malformed("nobody may act for somebody else") }
        guard let name = userName(parts[1]) else { return deny(nil, step) }
        if isLimited(name, step) { return .limited(name: name) }
        let record = try find(name)
        let password = parts[2]
        if let record, state.withLock({ $0.cache.hasAccepted(password, of: name) }) { return accept(record, [], step) }
        switch record?.credential {
        case .token(let digest):
            guard Digests.areEqual(digest, Credential.digest(ofToken: password)) else { return deny(name, step) }
        case .password(let verifier):
            guard verifier.accepts(password: password) else { return deny(name, step) }
        case nil:
            // It takes as long as with a user.
            _ = madeUp(name).accepts(password: password)
            return deny(name, step)
        }
        state.withLock { $0.cache.noteAccepted(password, of: name) }
        return accept(record!, [], step)
    }

    private func checkToken(_ step: AuthenticationStep) throws(UserProblem) -> Authentication {
        guard (1...SCRAM.messageLimit).contains(step.message.count) else {
            return .malformed("expected a token")
        }
        let digest = Credential.digest(ofToken: step.message)
        // No name of a user has a NUL.
        let token = "\0" + String(decoding: Base64.encode(digest), as: UTF8.self)
        if isLimited(token, step) { return .limited(name: nil) }
        try prepare()
        // The digest is looked up, so the time of the search says nothing about the token.
        guard let found = try table.find(token: digest, by: deadline) else { return deny(nil, step) }
        let outcome = accept(found, [], step)
        state.withLock { $0.limits.succeed(step.network, token) }
        return outcome
    }

    // MARK: Outcomes

    private func isLimited(_ name: String, _ step: AuthenticationStep) -> Bool {
        let now = clock()
        return state.withLock { $0.limits.isLimited(step.network, name, at: now) }
    }

    private func deny(_ name: String?, _ step: AuthenticationStep) -> Authentication {
        let now = clock()
        state.withLock { $0.limits.fail(step.network, name, at: now) }
        return .denied(name: name)
    }

    private func accept(_ record: UserRecord, _ message: [UInt8], _ step: AuthenticationStep) -> Authentication {
        state.withLock { $0.limits.succeed(step.network, record.user.name) }
        return .done(record.user, message: message)
    }

    // MARK: Users

    private var deadline: Deadline { .after(milliseconds: Self.databaseMilliseconds) }

    /// nil: nobody can have this name.
    private func userName(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= User.nameLimit, let name = String(validating: bytes, as: UTF8.self),
            User(name: name).problem == nil
        else { return nil }
        return name
    }

    private func find(_ name: String) throws(UserProblem) -> UserRecord? {
        let now = clock()
        if let known = state.withLock({ $0.cache.record(name, at: now) }) { return known }
        try prepare()
        guard let found = try table.find(name, by: deadline) else {
            state.withLock { $0.cache.forget(name) }
            return nil
        }
        state.withLock { $0.cache.note(found, at: now) }
        return found
    }

    private func madeUp(_ name: String) -> SCRAMVerifier {
        let salt = Digests.hmac(secret, Array(name.utf8)).prefix(SCRAMVerifier.saltBytes)
        let keys = [UInt8](repeating: 0, count: SCRAMVerifier.keyBytes)
        return SCRAMVerifier(
            salt: Array(salt), iterations: SCRAMVerifier.defaultIterations, storedKey: keys, serverKey: keys)
    }

    /// Makes the table if it is not there.
    private func prepare() throws(UserProblem) {
        guard !state.withLock({ $0.isPrepared }) else { return }
        try table.prepare(by: deadline)
        state.withLock { $0.isPrepared = true }
    }

    // MARK: Administration, on any thread

    /// Waits for the database.
    package func answer(_ question: UserQuestion) throws(UserProblem) -> [UserRecord] {
        try prepare()
        switch question {
        case .list(let name): return try table.list(after: name, by: deadline)
        case .find(let name):
            guard let found = try table.find(name, by: deadline) else { throw .unknown(name) }
            return [found]
        case .add(let record):
            if let problem = record.user.problem { throw .invalid(problem) }
            try table.add(record, by: deadline)
            return [record]
        case .remove(let name):
            try table.remove(name, by: deadline)
            state.withLock { $0.cache.forget(name) }
            return []
        case .change(let name, let change, let now):
            if let problem = change.problem { throw .invalid(problem) }
            let changed = try table.change(name, by: deadline) { record in
                change.apply(to: &record)
                record.changed = now
            }
            state.withLock { $0.cache.forget(name) }
            return [changed]
        }
    }
}

extension UserRecord {
    /// nil: it has no password.
    fileprivate var verifier: SCRAMVerifier? {
        if case .password(let verifier) = credential { verifier } else { nil }
    }
}

/// What an administrator wants.
package enum UserQuestion: Codable, Sendable, Equatable {
    /// At most `UserTable.pageLimit`, behind a name.
    case list(after: String)
    case find(String)
    case add(UserRecord)
    case remove(String)
    /// - now: seconds since 1970.
    case change(String, UserChange, now: Int64)
}

/// What becomes different about a user; nil: it stays.
package struct UserChange: Codable, Sendable, Equatable {
    package var credential: Credential?
    package var isReadOnly: Bool?
    package var prefixes: [String]?

    package init(credential: Credential? = nil, isReadOnly: Bool? = nil, prefixes: [String]? = nil) {
        (self.credential, self.isReadOnly, self.prefixes) = (credential, isReadOnly, prefixes)
    }

    fileprivate var problem: String? { User(name: "-", prefixes: prefixes ?? []).problem }

    fileprivate func apply(to record: inout UserRecord) {
        if let credential { record.credential = credential }
        if let isReadOnly { record.user.isReadOnly = isReadOnly }
        if let prefixes { record.user.prefixes = prefixes }
    }
}
