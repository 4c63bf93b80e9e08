/// What the connections of a listener are protected with: certificates and keys as they are in their files, and settings. It has secrets, so it
/// is never logged.
package struct TLSMaterial: Codable, Sendable, Equatable {
    /// A certificate with its key.
    package struct Identity: Codable, Sendable, Equatable {
        /// PEM: the certificate, then those of its issuers.
        package var certificates: String
        /// PEM, not encrypted.
        package var key: String
        /// An OCSP response in DER to staple. RFC 6066, 8
        package var staple: [UInt8]?

        package init(certificates: String, key: String, staple: [UInt8]? = nil) {
            (self.certificates, self.key, self.staple) = (certificates, key, staple)
        }
    }

    package enum Version: String, Codable, Sendable, CaseIterable, Comparable {
        case tls12 = "1.2"
        case tls13 = "1.3"

        package static func < (one: Version, other: Version) -> Bool { one.rawValue < other.rawValue }
    }

    /// What of a peer's certificate is its name.
    package enum Principal: String, Codable, Sendable, CaseIterable {
        case none = ""
        case subject
        case commonName = "common_name"
        case email = "san:email"
        case host = "san:dns"
        case uri = "san:uri"
        case fingerprint
    }

    /// Whether peers show a certificate.
    package enum ClientCertificates: String, Codable, Sendable, CaseIterable {
        case none, optional, required
    }

    /// By server name; the first one is for all other names. Not empty.
    package var identities: [Identity]
    package var minimum = Version.tls12
    package var maximum = Version.tls13
    /// Of TLS 1.2, in OpenSSL's words (openssl-ciphers(1)).
    package var ciphers = intermediateCiphers
    /// Of TLS 1.3.
    package var suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    package var groups = "X25519:P-256:P-384"
    /// The protocols that the server speaks, the best first. Empty: the extension is ignored. RFC 7301
    package var protocols: [String] = []
    package var clientCertificates = ClientCertificates.none
    /// PEM: who may have signed them.
    package var authorities = ""
    /// PEM: lists of revoked certificates. Empty: nothing is revoked.
    package var revocations = ""
    package var principal = Principal.none
    /// From which the keys of session tickets are derived; nil: there are no tickets.
    package var ticketSecret: [UInt8]?
    /// Seconds after which there is another ticket key. Tickets are accepted for two such periods.
    package var ticketSeconds: UInt64 = 12 * 3_600
    /// Handshakes at a time; 0: no limit.
    package var maximumHandshakes = 0
    /// The file for the secrets of connections (RFC 9850); empty: they are not written.
    package var keyLog = ""

    package init(identities: [Identity]) { self.identities = identities }

    /// Mozilla's intermediate profile, 5.7. https://wiki.mozilla.org/Security/Server_Side_TLS
    package static let intermediateCiphers = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    ].joined(separator: ":")
}

/// Why there is no context: what is wrong with which part of the material.
package struct TLSProblem: Error, Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case certificate(Int)
        case key(Int)
        case versions, ciphers, suites, groups, protocols, authorities, revocations, keyLog
        /// Nothing that a file says.
        case library
    }

    package var part: Part
    package var text: String
}
