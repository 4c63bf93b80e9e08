import CMartlet
import COpenSSL
import Engine

/// What a plugin may know of a connection, in memory that does not move. Made when a plugin first asks.
final class TLSFacts {
    /// By `martlet_transport_fact`.
    private let texts: [[UnsafeRawBufferPointer]]

    init(_ ssl: OpaquePointer, _ rule: TLSMaterial.Principal) {
        let version = SSL_get_version(ssl).map { String(cString: $0) } ?? ""
        let cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
        let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) } ?? ""
        var all = [[version], [cipher], [Self.protocol(of: ssl)], [name]]
        if let peer = Self.certificate(of: ssl) {
            all += [
                [peer.subject], [peer.issuer], [peer.fingerprint], peer.hosts, peer.emails, peer.uris,
                [peer.principal(by: rule)],
            ]
        }
        texts = all.map { $0.map(Self.memory) }
    }

    deinit { for text in texts.joined() { text.deallocate() } }

    func text(_ fact: UInt32, _ index: Int) -> UnsafeRawBufferPointer? {
        guard texts.indices.contains(Int(fact)), texts[Int(fact)].indices.contains(index) else { return nil }
        return texts[Int(fact)][index]
    }

    private static func memory(_ text: String) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        memory.copyBytes(from: text.utf8)
        return UnsafeRawBufferPointer(memory)
    }

    private static func `protocol`(of ssl: OpaquePointer) -> String {
        var (start, count) = (UnsafePointer<UInt8>?.none, UInt32(0))
        SSL_get0_alpn_selected(ssl, &start, &count)
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// nil: the peer has shown none. One that cannot be verified ends the handshake.
    private static func certificate(of ssl: OpaquePointer) -> CertificateDescription? {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return nil }
        return CertificateDescription(certificate)
    }
}

extension TLSTransport {
    static func state(_ connection: ConnectionPointer) -> UInt32 {
        let ssl = connectionState(connection).pointee.ssl
        var flags = MARTLET_TRANSPORT_ENCRYPTED
        if SSL_session_reused(ssl) == 1 { flags |= MARTLET_TRANSPORT_RESUMED }
        if SSL_get0_peer_certificate(ssl) != nil { flags |= MARTLET_TRANSPORT_VERIFIED }
        return flags
    }

    static func text(_ connection: ConnectionPointer, _ fact: UInt32, _ index: Int) -> UnsafeRawBufferPointer? {
        let state = connectionState(connection)
        let facts = state.pointee.facts ?? TLSFacts(state.pointee.ssl, state.pointee.context.principal)
        state.pointee.facts = facts
        return facts.text(fact, index)
    }
}

extension TLSTransport {
    static func summary(_ connection: ConnectionPointer) -> TransportSummary {
        let state = connectionState(connection)
        let facts = state.pointee.facts ?? TLSFacts(state.pointee.ssl, state.pointee.context.principal)
        func text(_ fact: martlet_transport_fact) -> String {
            facts.text(fact, 0).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        var summary = TransportSummary()
        summary.version = text(MARTLET_TRANSPORT_VERSION)
        summary.principal = text(MARTLET_TRANSPORT_PRINCIPAL)
        return summary
    }
}

extension CertificateDescription {
    /// Empty: it names nobody by this rule.
    func principal(by rule: TLSMaterial.Principal) -> String {
        switch rule {
        case .none: ""
        case .subject: subject
        case .commonName: commonName
        case .email: emails.first ?? ""
        case .host: hosts.first ?? ""
        case .uri: uris.first ?? ""
        case .fingerprint: fingerprint
        }
    }
}
