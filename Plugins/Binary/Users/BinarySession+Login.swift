import BinaryWire
import MartletKit

/// The user of a connection. An object, so that the session of a listener without users stays small.
final class Login {
    let user: User
    /// How the client proved it, for `authenticate`'s answer.
    init(_ user: User) { self.user = user }
}

extension BinarySession {
    /// Asks the host who the client is. The session takes no requests until it knows. False: take no more frames now.
    @inline(never)
    mutating func authenticate(_ request: AuthenticateRequest, _ exchange: Exchange, _ input: Span<UInt8>) -> Bool {
        let connection = exchange.connection
        let (id, limit) = (exchange.requestID, exchange.clientMaximumPayload)
        let message = input.bytes.array(request.message)
        let result = connection.authenticate(Mechanism(request.mechanism), message) { outcome, access in
            guard let access else { return }
            let exchange = Exchange(
                connection: access.connection, requestID: id, clientMaximumPayload: limit)
            access.session.finishAuthentication(outcome, exchange)
        }
        switch result {
        case .ok:
            isWaiting = true
            connection.pause()
            return false
        case .unsupported: return exchange.fail(.notPermitted, .authenticate, Span()) == .ok
        default: return exchange.fail(.busy, .authenticate, Span()) == .ok
        }
    }

    private mutating func finishAuthentication(_ outcome: Authentication, _ exchange: Exchange) {
        isWaiting = false
        switch outcome {
        case .done(let user, let message):
            become(user)
            let name = Array(user.name.utf8)
            _ = exchange.send(.authenticate, name.span, WireLimits.headerBytes + 8 + name.count + message.count) {
                FrameEncoder.authenticated(
                    name.span.bytes, isReadOnly: user.isReadOnly, message.span.bytes, requestID: exchange.requestID,
                    into: &$0)
            }
        case .goesOn(let message):
            _ = exchange.send(.authenticate, Span(), WireLimits.headerBytes + 8 + message.count) {
                FrameEncoder.authenticationGoesOn(message.span.bytes, requestID: exchange.requestID, into: &$0)
            }
        case .denied: _ = exchange.fail(.authenticationFailed, .authenticate, Span())
        case .limited: _ = exchange.fail(.authenticationLimited, .authenticate, Span())
        case .away: _ = exchange.fail(.busy, .authenticate, Span())
        case .malformed: _ = exchange.fail(.malformedPayload, .authenticate, Span())
        }
        if isEnding { exchange.connection.close() } else { exchange.connection.resume() }
    }

    mutating func become(_ user: User) {
        login = Login(user)
        isGuarded = !user.isUnlimited
    }

    /// Why a request must not be executed; nil: it may.
    @inline(never)
    func denial(of request: ServerRequest, in input: Span<UInt8>) -> ErrorCode? {
        switch request {
        case .ping, .authenticate: return nil
        default: break
        }
        guard let user = login?.user else { return .authenticationRequired }
        if user.isReadOnly, request.writes { return .notPermitted }
        guard !user.prefixes.isEmpty else { return nil }
        let isAllowed = input.withUnsafeBytes { bytes in
            func mayUse(_ key: Range<Int>) -> Bool { user.mayUse(UnsafeRawBufferPointer(rebasing: bytes[key])) }
            switch request {
            case .ping, .authenticate, .echo, .unwatch: return true
            case .get(let key), .delete(let key), .read(let key): return mayUse(key)
            case .put(let put): return mayUse(put.key)
            case .write(let write): return mayUse(write.key)
            case .scan(let scan): return mayUse(scan.prefix)
            case .watch(let watch): return mayUse(watch.name)
            case .batch(let batch):
                var writes = batch.writes
                while let write = writes.next(in: bytes.bytes) {
                    guard mayUse(write.key) else { return false }
                }
                return true
            }
        }
        return isAllowed ? nil : .notPermitted
    }
}

extension ServerRequest {
    fileprivate var writes: Bool {
        switch self {
        case .put, .delete, .write, .batch: true
        case .ping, .authenticate, .echo, .get, .read, .scan, .watch, .unwatch: false
        }
    }
}

extension Mechanism {
    fileprivate init(_ mechanism: AuthenticationMechanism) {
        switch mechanism {
        case .scram: self = .scram
        case .plain: self = .plain
        case .token: self = .token
        }
    }
}

// MARK: - The user in the state of a session

extension BinarySession {
    private static let (noUser, writes, onlyReads) = (UInt8(0), UInt8(1), UInt8(2))

    func saveLogin(into state: inout SavedState) {
        guard let user = login?.user else { return state.append(Self.noUser) }
        state.append(user.isReadOnly ? Self.onlyReads : Self.writes)
        append(Array(user.name.utf8), &state)
        state.append(UInt16(user.prefixes.count))
        for prefix in user.prefixes { append(prefix, &state) }
    }

    private func append(_ bytes: [UInt8], _ state: inout SavedState) {
        state.append(UInt16(bytes.count))
        state.append(bytes.span.bytes)
    }

    /// nil: not what `saveLogin` writes. The inner nil: there is no user.
    static func login(_ state: RawSpan, at position: inout Int) -> User?? {
        func text() -> [UInt8]? {
            guard let count = state.number(UInt16.self, at: &position), Int(count) <= state.byteCount - position else {
                return nil
            }
            defer { position += Int(count) }
            return state.array(position..<position + Int(count))
        }
        guard let kind = state.number(UInt8.self, at: &position), kind <= onlyReads else { return nil }
        guard kind != noUser else { return .some(nil) }
        guard let name = text(), let count = state.number(UInt16.self, at: &position) else { return nil }
        var prefixes: [[UInt8]] = []
        for _ in 0..<count {
            guard let prefix = text() else { return nil }
            prefixes.append(prefix)
        }
        return User(
            name: String(decoding: name, as: UTF8.self), isReadOnly: kind == onlyReads, prefixes: prefixes)
    }
}
