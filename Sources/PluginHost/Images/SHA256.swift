import COpenSSL

/// SHA-256 (FIPS 180-4) of content in pieces, by libcrypto.
struct SHA256: ~Copyable {
    struct Digest: Sendable, Equatable {
        static let size = 32
        let bytes: [UInt8]

        /// 64 digits.
        var hexadecimal: String {
            let digits = Array("0123456789abcdef".utf8)
            return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }

    /// EVP_MD_CTX
    private let context: OpaquePointer

    init() throws(CryptoFailure) {
        let library = try Libcrypto.shared
        ERR_clear_error()
        guard let context = EVP_MD_CTX_new() else { throw CryptoFailure.last("EVP_MD_CTX_new") }
        guard EVP_DigestInit_ex2(context, library.sha256, nil) == 1 else {
            let failure = CryptoFailure.last("EVP_DigestInit_ex2")
            EVP_MD_CTX_free(context)
            throw failure
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    mutating func update(_ piece: RawSpan) throws(CryptoFailure) {
        let result = piece.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        guard result == 1 else { throw CryptoFailure.last("EVP_DigestUpdate") }
    }

    consuming func finish() throws(CryptoFailure) -> Digest {
        var bytes = [UInt8](repeating: 0, count: Digest.size)
        guard EVP_DigestFinal_ex(context, &bytes, nil) == 1 else { throw CryptoFailure.last("EVP_DigestFinal_ex") }
        return Digest(bytes: bytes)
    }

    static func digest(of bytes: [UInt8]) throws(CryptoFailure) -> Digest {
        var hash = try SHA256()
        try hash.update(bytes.span.bytes)
        return try hash.finish()
    }
}
