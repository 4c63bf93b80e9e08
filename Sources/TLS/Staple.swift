import COpenSSL
import Glibc

/// What an OCSP response says of the certificate to which it is stapled. RFC 6960
package struct Staple {
    /// In DER.
    let bytes: [UInt8]
    /// Seconds since 1970; nil: it has no end.
    package let nextUpdate: Int64?

    package var isCurrent: Bool { nextUpdate.map { $0 > Int64(time(nil)) } ?? true }

    /// nil: it is no successful OCSP response in DER.
    package init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        ERR_clear_error()
        defer { ERR_clear_error() }
        let parsed = bytes.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var start = bytes.baseAddress
            return d2i_OCSP_RESPONSE(nil, &start, bytes.count)
        }
        guard let response = parsed else { return nil }
        defer { OCSP_RESPONSE_free(response) }
        guard OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL,
            let basic = OCSP_response_get1_basic(response)
        else { return nil }
        defer { OCSP_BASICRESP_free(basic) }
        guard let single = OCSP_resp_get0(basic, 0) else { return nil }
        var next: UnsafeMutablePointer<ASN1_GENERALIZEDTIME>?
        _ = OCSP_single_get0_status(single, nil, nil, nil, &next)
        nextUpdate = next.map { CertificateDescription.seconds($0) }
    }
}
