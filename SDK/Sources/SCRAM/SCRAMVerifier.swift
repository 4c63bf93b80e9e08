/// What a server keeps of a password: it can check the password with it, and nobody can log in with it. RFC 5802, section 3
public struct SCRAMVerifier: Codable, Equatable, Sendable {
    /// What PBKDF2 takes on a new password. RFC 7677 asks for 4,096 and more.
    public static let defaultIterations = 16_384
    public static let iterationRange = 4_096...1_000_000
    public static let saltBytes = 16
    public static let keyBytes = Digests.byteCount

    public let salt: [UInt8]
    public let iterations: Int
    public let storedKey: [UInt8]
    public let serverKey: [UInt8]

    public init(salt: [UInt8], iterations: Int, storedKey: [UInt8], serverKey: [UInt8]) {
        (self.salt, self.iterations, self.storedKey, self.serverKey) = (salt, iterations, storedKey, serverKey)
    }

    public init(password: [UInt8], salt: [UInt8], iterations: Int = defaultIterations) {
        let salted = Digests.stretch(password, salt: salt, iterations: iterations)
        self.init(
            salt: salt, iterations: iterations, storedKey: Digests.sha256(SCRAM.clientKey(salted)),
            serverKey: SCRAM.serverKey(salted))
    }

    /// Takes as long as PBKDF2 does: milliseconds.
    public func accepts(password: [UInt8]) -> Bool {
        let salted = Digests.stretch(password, salt: salt, iterations: iterations)
        return Digests.areEqual(Digests.sha256(SCRAM.clientKey(salted)), storedKey)
    }
}

/// SCRAM-SHA-256 without channel binding: RFC 5802 and RFC 7677.
///
/// Names and passwords are used as they are written: whoever uses characters beyond ASCII sends the same normalization every time.
public enum SCRAM {
    public static let mechanism = "SCRAM-SHA-256"
    /// The most bytes of a message.
    public static let messageLimit = 2_048
    static let nonceBytes = 18

    static func clientKey(_ salted: [UInt8]) -> [UInt8] { Digests.hmac(salted, Array("Client Key".utf8)) }
    static func serverKey(_ salted: [UInt8]) -> [UInt8] { Digests.hmac(salted, Array("Server Key".utf8)) }

    public static func newNonce() -> [UInt8] { Base64.encode(secureRandomBytes(nonceBytes)) }

    /// Attributes of a message: a letter, "=", and a value without commas. nil: something else.
    static func attributes(_ message: some Collection<UInt8>) -> [(name: UInt8, value: [UInt8])]? {
        guard message.count <= messageLimit, !message.isEmpty else { return nil }
        var found: [(UInt8, [UInt8])] = []
        for part in message.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let part = Array(part)
            guard part.count >= 2, part[1] == UInt8(ascii: "=") else { return nil }
            found.append((part[0], Array(part[2...])))
        }
        return found
    }

    /// `printable` of RFC 5802, section 7, and of a sensible length.
    static func isNonce(_ text: [UInt8]) -> Bool {
        (1...512).contains(text.count) && text.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") }
    }

    /// "," and "=" in names have other forms. RFC 5802, section 5.1
    static func escaped(_ name: [UInt8]) -> [UInt8] {
        name.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: ","): Array("=2C".utf8)
            case UInt8(ascii: "="): Array("=3D".utf8)
            default: [byte]
            }
        }
    }

    /// nil: "=" stands for nothing that is allowed.
    static func unescaped(_ text: [UInt8]) -> [UInt8]? {
        var name: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "=") {
                switch text[index...].prefix(3) {
                case let part where part.elementsEqual("=2C".utf8): name.append(UInt8(ascii: ","))
                case let part where part.elementsEqual("=3D".utf8): name.append(UInt8(ascii: "="))
                default: return nil
                }
                index += 3
            } else {
                name.append(text[index])
                index += 1
            }
        }
        return name
    }
}
