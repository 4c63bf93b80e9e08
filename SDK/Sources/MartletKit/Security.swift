import CMartlet

/// What encrypts a connection: `martlet.transport/1`.
public struct Security: Sendable, Equatable {
    /// Such as `TLSv1.3`.
    public var version: String
    /// Such as `TLS_AES_128_GCM_SHA256`.
    public var cipher: String
    /// What both sides have agreed on (ALPN), such as `http/1.1`. Empty: nothing.
    public var `protocol`: String
    /// The name of the server that the peer wanted. Empty: it gave none.
    public var serverName: String
    /// The peer has resumed an earlier session.
    public var isResumed: Bool
    /// nil: the peer has shown none.
    public var certificate: PeerCertificate?
}

/// The certificate that a peer has shown. It has been verified.
public struct PeerCertificate: Sendable, Equatable {
    /// Such as `CN=client`. RFC 2253
    public var subject: String
    /// Such as `CN=authority`. RFC 2253
    public var issuer: String
    /// SHA-256, in hexadecimal.
    public var fingerprint: String
    /// The DNS names and addresses that it contains.
    public var hosts: [String]
    /// The e-mail addresses that it contains.
    public var emails: [String]
    /// The URIs that it contains.
    public var uris: [String]
    /// Whom it names, by the rule `tls.principal` of the listener. Empty: there is no rule, or nobody.
    public var principal: String
}

extension Connection {
    /// What encrypts the connection; nil: nothing, or the host lacks the extension. Keep the answer: each call asks the host anew. [loop]
    public var security: Security? {
        guard let functions = services.transport else { return nil }
        let flags = functions.pointee.state(handle)
        guard flags & MARTLET_TRANSPORT_ENCRYPTED != 0 else { return nil }
        func all(_ fact: martlet_transport_fact) -> [String] {
            var found: [String] = []
            while true {
                var text = martlet_text()
                guard functions.pointee.text(handle, fact, found.count, &text) == MARTLET_OK, text.length > 0 else {
                    return found
                }
                found.append(String(text))
            }
        }
        func one(_ fact: martlet_transport_fact) -> String { all(fact).first ?? "" }
        var certificate: PeerCertificate?
        if flags & MARTLET_TRANSPORT_VERIFIED != 0 {
            certificate = PeerCertificate(
                subject: one(MARTLET_TRANSPORT_SUBJECT), issuer: one(MARTLET_TRANSPORT_ISSUER),
                fingerprint: one(MARTLET_TRANSPORT_FINGERPRINT), hosts: all(MARTLET_TRANSPORT_HOST),
                emails: all(MARTLET_TRANSPORT_EMAIL), uris: all(MARTLET_TRANSPORT_URI),
                principal: one(MARTLET_TRANSPORT_PRINCIPAL))
        }
        return Security(
            version: one(MARTLET_TRANSPORT_VERSION), cipher: one(MARTLET_TRANSPORT_CIPHER),
            protocol: one(MARTLET_TRANSPORT_PROTOCOL), serverName: one(MARTLET_TRANSPORT_SERVER_NAME),
            isResumed: flags & MARTLET_TRANSPORT_RESUMED != 0, certificate: certificate)
    }
}
