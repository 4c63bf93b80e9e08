import SCRAM

/// Somebody who may use listeners, and what of them.
package struct User: Codable, Sendable, Equatable {
    package var name: String
    package var isReadOnly = false
    /// What the keys begin with that it may use. Empty: it may use all.
    package var prefixes: [String] = []

    package init(name: String, isReadOnly: Bool = false, prefixes: [String] = []) {
        (self.name, self.isReadOnly, self.prefixes) = (name, isReadOnly, prefixes)
    }

    package static let nameLimit = 128
    package static let prefixLimit = 64

    /// What is wrong with it; nil: nothing.
    package var problem: String? {
        if name.isEmpty || name.utf8.count > Self.nameLimit {
            return "expected a name of 1 to \(Self.nameLimit) bytes, found \(name.utf8.count)"
        }
        if name.hasControlCharacter { return "expected a name without control characters" }
        if prefixes.count > Self.prefixLimit {
            return "expected at most \(Self.prefixLimit) prefixes, found \(prefixes.count)"
        }
        for prefix in prefixes where !(1...512).contains(prefix.utf8.count) || prefix.hasControlCharacter {
            return "expected prefixes of 1 to 512 bytes without control characters"
        }
        return nil
    }
}

extension String {
    fileprivate var hasControlCharacter: Bool {
        unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
    }
}

/// How a user proves who it is: a password, or a token that a program made.
package enum Credential: Codable, Sendable, Equatable {
    /// Not the password, but what checks it.
    case password(SCRAMVerifier)
    /// The SHA-256 digest of the token.
    case token([UInt8])

    package init(password: String) {
        self = .password(
            SCRAMVerifier(password: Array(password.utf8), salt: secureRandomBytes(SCRAMVerifier.saltBytes)))
    }

    /// - Returns: also the token, which nobody can see again.
    package static func newToken() -> (token: String, credential: Credential) {
        let hexadecimal = secureRandomBytes(24).map { byte in
            let digits = Array("0123456789abcdef".utf8)
            return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        let token = tokenPrefix + String(decoding: hexadecimal.joined(), as: UTF8.self)
        return (token, .token(digest(ofToken: Array(token.utf8))))
    }

    /// Tokens begin with it, so that programs that look for leaked secrets find them.
    package static let tokenPrefix = "martlet_"

    static func digest(ofToken token: [UInt8]) -> [UInt8] { Digests.sha256(token) }
}

/// A user as the database has it.
package struct UserRecord: Codable, Sendable, Equatable {
    package var user: User
    package var credential: Credential
    /// Seconds since 1970.
    package var created: Int64
    package var changed: Int64

    package init(_ user: User, _ credential: Credential, now: Int64) {
        (self.user, self.credential, created, changed) = (user, credential, now, now)
    }
}
