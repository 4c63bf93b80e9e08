import CMartlet

extension Host {
    /// The listener has users: the plugin serves nobody before it knows who it is. A plugin that does not ask is refused on such a listener. [any]
    public var requiresUsers: Bool { users.map { $0.pointee.required(instance) != 0 } ?? false }
}

extension Connection {
    /// Takes a message of a client that wants to be known: `martlet.users/1`. If it comes out as one of the listener's users, that is what
    /// `martlet connections` shows from then on. [loop]
    ///
    /// `done` runs on the loop of the connection, exactly once. Its session is nil if the connection is closing or gone.
    ///
    /// - Parameters:
    ///   - mechanism: how the client shows who it is.
    ///   - message: at most 2,048 bytes.
    ///   - done: gets what has come of it. [loop]
    /// - Returns: `ok`; `unsupported` (the listener has no users, or the host none), `argument` (the message is too long), `busy` (too many
    ///   wait), `closed`, `stopping`. Unless it returns `ok`, `done` is not called.
    public func authenticate(
        _ mechanism: Mechanism, _ message: [UInt8],
        done: @escaping @Sendable (Authentication, SessionAccess<P>?) -> Void
    ) -> HostResult {
        guard let functions = services.users else { return .unsupported }
        let call = Unmanaged.passRetained(AuthenticationCall<P>(done) as AnyAuthenticationCall)
        let result = message.withUnsafeBytes { bytes in
            functions.pointee.authenticate(
                handle, mechanism.number,
                martlet_text(data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), length: bytes.count),
                AnyAuthenticationCall.authenticated, call.toOpaque())
        }
        if result != MARTLET_OK { call.release() }
        return HostResult(rawValue: result)
    }

    /// Says who the peer is, for `martlet connections`. Call it again when a session is restored: a connection that another process takes over
    /// has lost it. [loop]
    ///
    /// - Parameter name: at most 255 bytes, without control characters; empty: nobody.
    /// - Returns: `ok`; `argument` (the name), `closed`, `unsupported` (the host lacks the extension).
    @discardableResult
    public func setPrincipal(_ name: String) -> HostResult {
        guard let functions = services.users else { return .unsupported }
        return HostResult(rawValue: withText(name) { functions.pointee.set_principal(handle, $0) })
    }
}

extension Mechanism {
    fileprivate var number: martlet_mechanism {
        switch self {
        case .scram: MARTLET_MECHANISM_SCRAM
        case .plain: MARTLET_MECHANISM_PLAIN
        case .token: MARTLET_MECHANISM_TOKEN
        }
    }
}

extension Authentication {
    fileprivate init(_ answer: martlet_authentication_answer) {
        let message = Array(
            UnsafeRawBufferPointer(start: answer.data.data, count: answer.data.data == nil ? 0 : answer.data.length))
        switch answer.outcome {
        case MARTLET_AUTHENTICATION_DONE:
            self = answer.user.map { .done(User($0.pointee), message: message) } ?? .denied
        case MARTLET_AUTHENTICATION_CONTINUE: self = .goesOn(message: message)
        case MARTLET_AUTHENTICATION_LIMITED: self = .limited
        case MARTLET_AUTHENTICATION_AWAY: self = .away
        case MARTLET_AUTHENTICATION_MALFORMED: self = .malformed
        default: self = .denied
        }
    }
}

/// What waits for an outcome. Its address is the one pointer that the host passes back.
private class AnyAuthenticationCall {
    func finish(
        _ outcome: Authentication, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?,
        _ session: UnsafeMutableRawPointer?
    ) {}

    static let authenticated: martlet_authenticated = { env, context, handle, session, answer in
        // This is the host's last call: the reference is released here.
        let call = Unmanaged<AnyAuthenticationCall>.fromOpaque(context!).takeRetainedValue()
        call.finish(Authentication(answer!.pointee), env!, handle, session)
    }
}

private final class AuthenticationCall<P: Plugin>: AnyAuthenticationCall {
    private let done: (Authentication, SessionAccess<P>?) -> Void

    init(_ done: @escaping (Authentication, SessionAccess<P>?) -> Void) { self.done = done }

    override func finish(
        _ outcome: Authentication, _ env: UnsafePointer<martlet_env>, _ handle: OpaquePointer?,
        _ session: UnsafeMutableRawPointer?
    ) {
        done(outcome, SessionAccess(env, handle, session))
    }
}
