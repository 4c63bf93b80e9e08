import COpenSSL

/// Makes an SSL_CTX with the settings of a listener. The caller frees it.
struct ContextMaker {
    let context: OpaquePointer

    init(_ material: TLSMaterial) throws(TLSProblem) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw TLSProblem(part: .library, text: libraryReason())
        }
        self.context = context
        do throws(TLSProblem) {
            try configure(material)
            try trustClients(material)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
    }

    private func configure(_ material: TLSMaterial) throws(TLSProblem) {
        try check(.versions, openssl_set_versions(context, number(material.minimum), number(material.maximum)))
        try check(.ciphers, SSL_CTX_set_cipher_list(context, material.ciphers))
        try check(.suites, SSL_CTX_set_ciphersuites(context, material.suites))
        // OpenSSL says no more than "passed invalid argument", and says it in other words from version to version.
        guard openssl_set_groups(context, material.groups) == 1 else {
            throw TLSProblem(
                part: .groups,
                text:
                    "expected groups that OpenSSL knows, separated by colons, such as \"X25519:P-256\"; found \"\(material.groups)\""
            )
        }
        var options = openssl_option_no_renegotiation() | openssl_option_server_preference()
        if material.ticketSecret == nil { options |= openssl_option_no_tickets() }
        SSL_CTX_set_options(context, options)
        // Tickets are the only memory of sessions. RFC 8446, 2.2
        openssl_set_no_session_cache(context)
        // A peer that uses it gets another.
        SSL_CTX_set_num_tickets(context, material.ticketSecret == nil ? 0 : 1)
        // The chain is what the file has, and not what the authorities of clients would make of it.
        openssl_set_mode(context, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
        openssl_set_read_ahead(context)
        for name in material.protocols where !(1...255).contains(name.utf8.count) {
            throw TLSProblem(part: .protocols, text: "the name of a protocol has 1 to 255 bytes")
        }
    }

    private func number(_ version: TLSMaterial.Version) -> Int32 {
        version == .tls12 ? Int32(TLS1_2_VERSION) : Int32(TLS1_3_VERSION)
    }

    private func check(_ part: TLSProblem.Part, _ result: Int32) throws(TLSProblem) {
        guard result == 1 else { throw TLSProblem(part: part, text: libraryReason()) }
    }

    /// Whose certificates clients may show.
    private func trustClients(_ material: TLSMaterial) throws(TLSProblem) {
        let mode =
            switch material.clientCertificates {
            case .none: SSL_VERIFY_NONE
            case .optional: SSL_VERIFY_PEER
            case .required: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            }
        SSL_CTX_set_verify(context, mode, nil)
        // A session that began under other rules is not resumed: its peer may not have been asked for a certificate, or may be revoked since.
        let rules = Array("\(material.clientCertificates)\0\(material.authorities)\0\(material.revocations)".utf8)
        var digest = [UInt8](repeating: 0, count: Int(SSL_MAX_SID_CTX_LENGTH))
        var count: UInt32 = 0
        try check(.library, EVP_Digest(rules, rules.count, &digest, &count, EVP_sha256(), nil))
        try check(.library, SSL_CTX_set_session_id_context(context, digest, count))
        guard mode != SSL_VERIFY_NONE else { return }
        guard let authorities = Certificates(pem: material.authorities), let store = SSL_CTX_get_cert_store(context)
        else {
            throw TLSProblem(part: .authorities, text: "expected certificates in PEM, found none")
        }
        for certificate in authorities.all {
            try check(.authorities, X509_STORE_add_cert(store, certificate))
            try check(.authorities, SSL_CTX_add_client_CA(context, certificate))
        }
        guard !material.revocations.isEmpty else { return }
        var listCount = 0
        let isDone = withReader(material.revocations) { bio -> Bool in
            while let list = PEM_read_bio_X509_CRL(bio, nil, { _, _, _, _ in 0 }, nil) {
                defer { X509_CRL_free(list) }
                guard X509_STORE_add_crl(store, list) == 1 else { return false }
                listCount += 1
            }
            // The end of the text is an error as well; a damaged list must not be passed over.
            return openssl_reason(ERR_peek_last_error()) == PEM_R_NO_START_LINE
        }
        ERR_clear_error()
        guard isDone == true, listCount > 0 else {
            throw TLSProblem(
                part: .revocations, text: "expected lists of revoked certificates in PEM, found none, or a damaged one")
        }
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_CRL_CHECK))
    }

    /// Returns what the certificate says.
    func use(_ identity: TLSMaterial.Identity, _ index: Int) throws(TLSProblem) -> CertificateDescription {
        guard let certificates = Certificates(pem: identity.certificates) else {
            throw TLSProblem(
                part: .certificate(index), text: "expected certificates in PEM, found none, or a damaged one")
        }
        try check(.certificate(index), SSL_CTX_use_certificate(context, certificates.all[0]))
        for certificate in certificates.all.dropFirst() {
            try check(.certificate(index), openssl_add_chain(context, certificate))
        }
        ERR_clear_error()
        // The function would ask for a password; there is none.
        let read = withReader(identity.key) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) } ?? nil
        guard let key = read else {
            let isEncrypted = identity.key.contains("ENCRYPTED")
            throw TLSProblem(
                part: .key(index),
                text: isEncrypted
                    ? "the key is encrypted; decrypt it with: openssl pkey"
                    : "expected a private key in PEM: \(libraryReason())")
        }
        defer { EVP_PKEY_free(key) }
        guard X509_check_private_key(certificates.all[0], key) == 1 else {
            ERR_clear_error()
            throw TLSProblem(part: .key(index), text: "the key does not fit the certificate")
        }
        try check(.key(index), SSL_CTX_use_PrivateKey(context, key))
        return CertificateDescription(certificates.all[0])
    }
}
