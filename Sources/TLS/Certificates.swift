import COpenSSL
import Glibc

/// X.509 certificates, as OpenSSL has them.
final class Certificates {
    /// The certificate, then those of its issuers.
    let all: [OpaquePointer]

    /// nil: the text is no PEM with a certificate.
    init?(pem: String) {
        ERR_clear_error()
        var found: [OpaquePointer] = []
        _ = withReader(pem) { bio in
            while let certificate = PEM_read_bio_X509(bio, nil, { _, _, _, _ in 0 }, nil) { found.append(certificate) }
        }
        all = found
        // The end of the text is an error as well.
        let isWhole = openssl_reason(ERR_peek_last_error()) == PEM_R_NO_START_LINE
        ERR_clear_error()
        guard isWhole, !found.isEmpty else { return nil }
    }

    deinit { for certificate in all { X509_free(certificate) } }

    var descriptions: [CertificateDescription] { all.map(CertificateDescription.init) }
}

/// What a certificate says.
package struct CertificateDescription: Codable, Sendable, Equatable {
    /// Such as "CN=example.org". RFC 2253
    package var subject: String
    package var issuer: String
    /// DNS names and addresses that it contains.
    package var hosts: [String]
    /// Empty: its subject has none.
    package var commonName: String
    /// E-mail addresses and URIs of its subject.
    package var emails: [String]
    package var uris: [String]
    /// Seconds since 1970.
    package var notBefore: Int64
    package var notAfter: Int64
    /// SHA-256, hexadecimal.
    package var fingerprint: String
    /// Such as "RSA 2048" and "EC 256".
    package var key: String

    /// The certificates of a PEM text: that of the server, then those of its issuers. nil: there is none, or one is damaged.
    package static func all(inPEM pem: String) -> [CertificateDescription]? { Certificates(pem: pem)?.descriptions }

    init(_ certificate: OpaquePointer) {
        subject = Self.text(of: X509_get_subject_name(certificate))
        issuer = Self.text(of: X509_get_issuer_name(certificate))
        let alternatives = AlternativeNames(certificate)
        hosts = alternatives.hosts
        (emails, uris) = (alternatives.emails, alternatives.uris)
        commonName = Self.commonName(certificate) ?? ""
        notBefore = Self.seconds(X509_get0_notBefore(certificate))
        notAfter = Self.seconds(X509_get0_notAfter(certificate))
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        X509_digest(certificate, EVP_sha256(), &digest, &count)
        fingerprint = digest.prefix(Int(count)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let key = X509_get0_pubkey(certificate)
        let type = key.flatMap { EVP_PKEY_get0_type_name($0) }.map { String(cString: $0) } ?? "unknown"
        self.key = "\(type) \(key.map { EVP_PKEY_get_bits($0) } ?? 0)"
    }

    /// The server names for which a server shows it. Old ones name their host in the subject only.
    package var names: [String] { !hosts.isEmpty || commonName.isEmpty ? hosts : [commonName] }

    private static func text(of name: OpaquePointer?) -> String {
        guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        X509_NAME_print_ex(bio, name, 0, openssl_name_flags())
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(Int(max(count, 0))), as: UTF8.self)
    }

    private static func commonName(_ certificate: OpaquePointer) -> String? {
        guard let name = X509_get_subject_name(certificate) else { return nil }
        let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        guard index >= 0, let entry = X509_NAME_get_entry(name, index), let data = X509_NAME_ENTRY_get_data(entry)
        else {
            return nil
        }
        return AlternativeNames.text(data)
    }

    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }
}

/// The names in subjectAltName. RFC 5280, 4.2.1.6
private struct AlternativeNames {
    var hosts: [String] = []
    var emails: [String] = []
    var uris: [String] = []

    init(_ certificate: OpaquePointer) {
        guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return }
        let stack = OpaquePointer(names)
        defer {
            OPENSSL_sk_pop_free(stack) { $0.map { GENERAL_NAME_free($0.assumingMemoryBound(to: GENERAL_NAME.self)) } }
        }
        for index in 0..<OPENSSL_sk_num(stack) {
            guard let value = OPENSSL_sk_value(stack, index) else { continue }
            let name = value.assumingMemoryBound(to: GENERAL_NAME.self)
            switch name.pointee.type {
            case GEN_DNS: Self.text(name.pointee.d.dNSName).map { hosts.append($0) }
            case GEN_EMAIL: Self.text(name.pointee.d.rfc822Name).map { emails.append($0) }
            case GEN_URI: Self.text(name.pointee.d.uniformResourceIdentifier).map { uris.append($0) }
            case GEN_IPADD: Self.address(name.pointee.d.iPAddress).map { hosts.append($0) }
            default: break
            }
        }
    }

    /// nil: it has bytes that no name has.
    static func text(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let string, let data = ASN1_STRING_get0_data(string) else { return nil }
        let bytes = UnsafeBufferPointer(start: data, count: Int(max(ASN1_STRING_length(string), 0)))
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func address(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let string, let data = ASN1_STRING_get0_data(string) else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = ASN1_STRING_length(string) == 4 ? AF_INET : AF_INET6
        guard ASN1_STRING_length(string) == 4 || ASN1_STRING_length(string) == 16,
            inet_ntop(family, data, &text, socklen_t(text.count)) != nil
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
