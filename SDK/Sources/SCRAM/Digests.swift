import COpenSSL

/// SHA-256 and what is made of it. FIPS 180-4, RFC 2104, RFC 8018
public enum Digests {
    public static let byteCount = 32

    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        SHA256(bytes, bytes.count, &digest)
        return digest
    }

    /// With SHA-256.
    public static func hmac(_ key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        // A pointer is wanted even for a key without bytes.
        let sealed = key.isEmpty ? [0] : key
        HMAC(EVP_sha256(), sealed, Int32(key.count), bytes, bytes.count, &digest, nil)
        return digest
    }

    /// PBKDF2 with HMAC and SHA-256, one block long: `Hi` of RFC 5802.
    static func stretch(_ password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        password.withUnsafeBytes { password in
            _ = PKCS5_PBKDF2_HMAC(
                password.bindMemory(to: CChar.self).baseAddress, Int32(password.count), salt, Int32(salt.count),
                Int32(clamping: iterations), EVP_sha256(), Int32(byteCount), &digest)
        }
        return digest
    }

    /// Takes the same time wherever the difference is.
    public static func areEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        first.count == second.count && CRYPTO_memcmp(first, second, first.count) == 0
    }

    static func exclusiveOr(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] { zip(first, second).map { $0 ^ $1 } }
}

/// Random bytes that nobody can foresee.
public func secureRandomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // It fails only if the kernel gives no entropy, and then nothing of TLS would work either.
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "no random bytes")
    return bytes
}
