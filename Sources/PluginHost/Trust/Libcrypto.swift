import COpenSSL

/// libcrypto, as the host uses it: in a library context of its own, made when it is first needed.
///
/// The process has one libcrypto, and plugins may use it too. Its default context is theirs: nothing is set there, and
/// `openssl.cnf` is read as in any program, because who refuses that refuses it for all. The providers that the file
/// chooses are none of our context's, so that it cannot take a hash or a signature away from the host.
struct Libcrypto: @unchecked Sendable {
    /// OSSL_LIB_CTX. It and what is fetched from it may be used by any thread, and are never freed.
    let context: OpaquePointer
    /// EVP_MD
    let sha256: OpaquePointer

    static var shared: Libcrypto {
        get throws(CryptoFailure) { try made.get() }
    }

    private static let made = Result { () throws(CryptoFailure) in try Libcrypto() }

    private init() throws(CryptoFailure) {
        ERR_clear_error()
        // At exit(3) libcrypto would free what other threads still use.
        guard OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1 else {
            throw CryptoFailure.last("OPENSSL_init_crypto")
        }
        guard let context = OSSL_LIB_CTX_new() else { throw CryptoFailure.last("OSSL_LIB_CTX_new") }
        guard let sha256 = EVP_MD_fetch(context, "SHA256", nil) else {
            let failure = CryptoFailure.last("EVP_MD_fetch")
            OSSL_LIB_CTX_free(context)
            throw failure
        }
        self.context = context
        self.sha256 = sha256
    }
}

/// A call of libcrypto that failed, and why in the words of OpenSSL.
struct CryptoFailure: Error, CustomStringConvertible {
    let call: String
    let reasons: [String]

    var description: String {
        "libcrypto: \(call): " + (reasons.isEmpty ? "failed without a reason" : reasons.joined(separator: "; "))
    }

    /// After a call that failed, on the same thread: takes what the error queue of the thread has, and leaves it empty.
    static func last(_ call: String) -> CryptoFailure {
        var reasons: [String] = []
        var data: UnsafePointer<CChar>?
        var flags: Int32 = 0
        while case let code = ERR_get_error_all(nil, nil, nil, &data, &flags), code != 0 {
            let text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
            let detail = flags & ERR_TXT_STRING != 0 ? data.map { String(cString: $0) } ?? "" : ""
            reasons.append(detail.isEmpty ? text : "\(text) (\(detail))")
        }
        return CryptoFailure(call: call, reasons: reasons)
    }
}
