import COpenSSL

/// libcrypto, in a separate library context for the host, which is created on first use.
///
/// The process has one libcrypto, and plugins may use it too. The default context is theirs: the host changes nothing there.
/// `openssl.cnf` is read as in any program, because the host could only turn that off for all. The providers that the file chooses
/// do not apply to the host's context, so the file cannot take a hash or a signature away from the host.
struct Libcrypto: @unchecked Sendable {
    /// OSSL_LIB_CTX. Any thread may use it and what is fetched from it. They are never freed.
    let context: OpaquePointer
    /// EVP_MD
    let sha256: OpaquePointer

    static var shared: Libcrypto {
        get throws(CryptoFailure) { try made.get() }
    }

    private static let made = Result { () throws(CryptoFailure) in try Libcrypto() }

    private init() throws(CryptoFailure) {
        ERR_clear_error()
        // Without this, libcrypto would free at exit(3) what other threads still use.
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

/// A failed call of libcrypto, with the reasons in the words of OpenSSL.
struct CryptoFailure: Error, CustomStringConvertible {
    let call: String
    let reasons: [String]

    var description: String {
        "libcrypto: \(call): " + (reasons.isEmpty ? "failed without a reason" : reasons.joined(separator: "; "))
    }

    /// Called after a failed call, on the same thread. Takes everything from the thread's error queue.
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
