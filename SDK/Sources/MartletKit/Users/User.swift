import CMartlet

/// Who a client is: one of the users of the listener (`martlet users`).
public struct User: Sendable, Equatable {
    /// The name under which it has logged in.
    public let name: String
    /// It must not change anything.
    public let isReadOnly: Bool
    /// What the keys begin with that it may use. Empty: it may use all.
    public let prefixes: [[UInt8]]

    /// For a plugin that has authenticated the client itself, or takes it over from an earlier generation.
    public init(name: String, isReadOnly: Bool = false, prefixes: [[UInt8]] = []) {
        (self.name, self.isReadOnly, self.prefixes) = (name, isReadOnly, prefixes)
    }

    init(_ user: martlet_user) {
        // A right that this SDK does not know is one that the plugin cannot deny.
        let known = user.rights & ~MARTLET_USER_READ_ONLY == 0
        self.init(
            name: String(user.name), isReadOnly: !known || user.rights & MARTLET_USER_READ_ONLY != 0,
            prefixes: UnsafeBufferPointer(start: user.prefixes, count: user.prefixes == nil ? 0 : user.prefix_count).map
            {
                Array(UnsafeRawBufferPointer(start: $0.data, count: $0.data == nil ? 0 : $0.length))
            })
    }

    /// It may change everything.
    public var isUnlimited: Bool { !isReadOnly && prefixes.isEmpty }

    /// Whether it may use a key, or all keys that begin with a prefix. [any]
    public func mayUse(_ key: UnsafeRawBufferPointer) -> Bool {
        prefixes.isEmpty || prefixes.contains { key.starts(with: $0) }
    }
}

/// How a client shows who it is.
public enum Mechanism: Sendable {
    /// SCRAM-SHA-256 (RFC 7677) without channel binding: two messages.
    case scram
    /// RFC 4616: NUL, name, NUL, and the password or the token.
    case plain
    /// The token alone.
    case token
}

/// What has come of a message of a client.
public enum Authentication: Sendable, Equatable {
    /// The client is this user. It gets the message, which is empty if the mechanism has none.
    case done(User, message: [UInt8])
    /// The client gets this message, and has one more.
    case goesOn(message: [UInt8])
    /// Nobody has this name and this secret.
    case denied
    /// There were too many failures: later, maybe.
    case limited
    /// Users cannot be looked up now.
    case away
    /// It is no message of this mechanism.
    case malformed
}
