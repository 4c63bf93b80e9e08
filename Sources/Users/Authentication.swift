/// One step of a client towards being known: a message of a mechanism of SASL (RFC 4422).
package struct AuthenticationStep: Sendable {
    package enum Mechanism: String, CaseIterable, Sendable {
        /// RFC 5802, RFC 7677: two messages.
        case scram = "SCRAM-SHA-256"
        /// RFC 4616: for whom, who, and the password, with a NUL between them. A token is a password too.
        case plain = "PLAIN"
        /// The token alone.
        case token = "TOKEN"
    }

    package var mechanism: Mechanism
    package var message: [UInt8]
    package var network: PeerNetwork
    /// Names the connection, for mechanisms with several messages.
    package var connection: UInt64

    package init(_ mechanism: Mechanism, _ message: [UInt8], from network: PeerNetwork, on connection: UInt64) {
        (self.mechanism, self.message, self.network, self.connection) = (mechanism, message, network, connection)
    }
}

/// What comes of a step.
package enum Authentication: Sendable, Equatable {
    /// With what the client is told, if the mechanism has something to tell.
    case done(User, message: [UInt8])
    /// The client gets this and answers with its next message.
    case goesOn(message: [UInt8])
    /// Nobody has this name and this secret. The name is for the log; nil: there was none.
    case denied(name: String?)
    /// There were too many failures.
    case limited(name: String?)
    /// Users cannot be looked up now.
    case away(String)
    case malformed(String)
}
