import COpenSSL
import Glibc

extension TLSMaterial.Identity {
    /// A new certificate for this machine that it has signed itself, for development: P-256, valid for 30 days. nil: there is no memory.
    package static func selfSigned() -> TLSMaterial.Identity? {
        guard let key = openssl_generate_p256(), let certificate = X509_new() else { return nil }
        defer {
            EVP_PKEY_free(key)
            X509_free(certificate)
        }
        var serial: UInt64 = 0
        RAND_bytes(withUnsafeMutableBytes(of: &serial) { $0.baseAddress!.assumingMemoryBound(to: UInt8.self) }, 8)
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1)
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 24 * 3_600)
        X509_set_pubkey(certificate, key)
        let name = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, "localhost (Martlet, for development)", -1, -1, 0)
        X509_set_issuer_name(certificate, name)
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let hostName = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let isPlain =
            !hostName.isEmpty && hostName.utf8.allSatisfy { $0 == 0x2D || $0 == 0x2E || isalnum(Int32($0)) != 0 }
        add(
            certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1" + (isPlain ? ",DNS:\(hostName)" : "")
        )
        add(certificate, NID_basic_constraints, "critical,CA:FALSE")
        add(certificate, NID_ext_key_usage, "serverAuth")
        guard X509_sign(certificate, key, EVP_sha256()) > 0,
            let certificatePEM = text({ PEM_write_bio_X509($0, certificate) }),
            let keyPEM = text({ PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) })
        else { return nil }
        return TLSMaterial.Identity(certificates: certificatePEM, key: keyPEM)
    }

    private static func add(_ certificate: OpaquePointer, _ number: Int32, _ value: String) {
        guard let addition = X509V3_EXT_conf_nid(nil, nil, number, value) else { return }
        X509_add_ext(certificate, addition, -1)
        X509_EXTENSION_free(addition)
    }

    private static func text(_ write: (OpaquePointer) -> Int32) -> String? {
        guard let bio = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        return count > 0 ? String(decoding: bytes.prefix(Int(count)), as: UTF8.self) : nil
    }
}
