import COpenSSL

/// Ed25519 (RFC 8032) by libcrypto.
enum Ed25519 {
    static let keySize = 32
    static let signatureSize = 64
    private static let algorithm = "ED25519"

    /// Whether the private half of a key has signed the message. False if the bytes are not a key or not a signature.
    static func isSignature(
        _ signature: [UInt8], of message: [UInt8], by publicKey: [UInt8]
    ) throws(CryptoFailure) -> Bool {
        guard publicKey.count == keySize, signature.count == signatureSize else { return false }
        let library = try Libcrypto.shared
        ERR_clear_error()
        // A refused signature leaves errors in the queue.
        defer { ERR_clear_error() }
        guard let key = EVP_PKEY_new_raw_public_key_ex(library.context, algorithm, nil, publicKey, keySize) else {
            throw CryptoFailure.last("EVP_PKEY_new_raw_public_key_ex")
        }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_MD_CTX_new() else { throw CryptoFailure.last("EVP_MD_CTX_new") }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit_ex(context, nil, nil, library.context, nil, key, nil) == 1 else {
            throw CryptoFailure.last("EVP_DigestVerifyInit_ex")
        }
        switch EVP_DigestVerify(context, signature, signature.count, message, message.count) {
        case 1: return true
        case 0: return false
        default: throw CryptoFailure.last("EVP_DigestVerify")
        }
    }

    /// A private key. libcrypto overwrites it in memory when it is freed.
    final class PrivateKey: @unchecked Sendable {
        /// EVP_PKEY, which nothing changes, so that any thread may sign with it.
        private let key: OpaquePointer
        let publicKey: [UInt8]

        /// Generates a key with libcrypto's random generator, which the system's source of randomness seeds.
        convenience init() throws(CryptoFailure) {
            let library = try Libcrypto.shared
            ERR_clear_error()
            guard let context = EVP_PKEY_CTX_new_from_name(library.context, algorithm, nil) else {
                throw CryptoFailure.last("EVP_PKEY_CTX_new_from_name")
            }
            defer { EVP_PKEY_CTX_free(context) }
            var key: OpaquePointer?
            guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_generate(context, &key) == 1, let key else {
                throw CryptoFailure.last("EVP_PKEY_generate")
            }
            try self.init(owning: key)
        }

        /// - Parameter seed: 32 bytes, the private key of RFC 8032.
        convenience init(seed: [UInt8]) throws(CryptoFailure) {
            let library = try Libcrypto.shared
            ERR_clear_error()
            guard let key = EVP_PKEY_new_raw_private_key_ex(library.context, algorithm, nil, seed, seed.count) else {
                throw CryptoFailure.last("EVP_PKEY_new_raw_private_key_ex")
            }
            try self.init(owning: key)
        }

        private init(owning key: OpaquePointer) throws(CryptoFailure) {
            var bytes = [UInt8](repeating: 0, count: keySize)
            var count = keySize
            guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1, count == keySize else {
                let failure = CryptoFailure.last("EVP_PKEY_get_raw_public_key")
                EVP_PKEY_free(key)
                throw failure
            }
            self.key = key
            publicKey = bytes
        }

        deinit { EVP_PKEY_free(key) }

        func seed() throws(CryptoFailure) -> [UInt8] {
            ERR_clear_error()
            var bytes = [UInt8](repeating: 0, count: keySize)
            var count = keySize
            guard EVP_PKEY_get_raw_private_key(key, &bytes, &count) == 1, count == keySize else {
                throw CryptoFailure.last("EVP_PKEY_get_raw_private_key")
            }
            return bytes
        }

        func signature(of message: [UInt8]) throws(CryptoFailure) -> [UInt8] {
            let library = try Libcrypto.shared
            ERR_clear_error()
            guard let context = EVP_MD_CTX_new() else { throw CryptoFailure.last("EVP_MD_CTX_new") }
            defer { EVP_MD_CTX_free(context) }
            guard EVP_DigestSignInit_ex(context, nil, nil, library.context, nil, key, nil) == 1 else {
                throw CryptoFailure.last("EVP_DigestSignInit_ex")
            }
            var bytes = [UInt8](repeating: 0, count: signatureSize)
            var count = signatureSize
            guard EVP_DigestSign(context, &bytes, &count, message, message.count) == 1, count == signatureSize else {
                throw CryptoFailure.last("EVP_DigestSign")
            }
            return bytes
        }
    }
}
