import MartletKit
import RESPWire

/// AUTH and HELLO of a listener with users. The session takes no commands until the host knows who the client is.
extension RESPSession {
    /// What is answered when the client is known.
    enum Greeting: Sendable {
        case ok
        /// HELLO, with a version and the name of the client.
        case hello(version: UInt8, name: [UInt8]?)
    }

    mutating func logIn(
        _ user: UnsafeRawBufferPointer, _ password: UnsafeRawBufferPointer, _ greeting: Greeting,
        _ exchange: inout Exchange
    ) {
        guard !user.contains(0), !password.contains(0) else { return exchange.output.error(Self.wrongPassword) }
        exchange.output.flush()
        let connection = exchange.connection
        let result = connection.authenticate(.plain, [0] + Array(user) + [0] + Array(password)) { outcome, access in
            guard let access else { return }
            access.session.finishLogIn(outcome, greeting, access.connection)
        }
        switch result {
        case .ok:
            isWaiting = true
            connection.pause()
        case .argument: exchange.output.error(Self.wrongPassword)
        default: exchange.output.error("ERR too many clients log in at the same time, try again later")
        }
    }

    static let wrongPassword = "WRONGPASS invalid username-password pair or user is disabled."

    private mutating func finishLogIn(
        _ outcome: Authentication, _ greeting: Greeting, _ connection: Connection<RESP>
    ) {
        var exchange = Exchange(connection, UnsafeRawBufferPointer(start: nil, count: 0), version: version)
        switch outcome {
        case .done(let user, _):
            become(user, exchange)
            switch greeting {
            case .ok: exchange.output.ok()
            case .hello(let version, let name): greet(version, name, &exchange)
            }
        case .limited: exchange.output.error("ERR too many failed logins, try again later")
        case .away: exchange.output.error("ERR users cannot be looked up now, try again later")
        case .denied, .goesOn, .malformed: exchange.output.error(Self.wrongPassword)
        }
        exchange.output.flush()
        goOn(connection)
    }

    mutating func become(_ user: User, _ exchange: Exchange) {
        makeDetails(exchange).user = user
        flags.insert(.authenticated)
        if user.isUnlimited { flags.remove(.limited) } else { flags.insert(.limited) }
    }
}
