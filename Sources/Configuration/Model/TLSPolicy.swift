/// How the connections of a listener are encrypted: the table `[tls]`. The files are named here and read elsewhere.
package struct TLSPolicy: Sendable, Equatable {
    package struct Identity: Sendable, Equatable {
        /// Absolute paths.
        package var certificate: String
        package var key: String
        /// Empty: nothing is stapled.
        package var staple: String
    }

    /// A certificate is made at the start, for development.
    package var isSelfSigned: Bool
    /// The first identity is `certificate` and `key`; the others are in the list `certificates`.
    package var hasFirst: Bool
    /// The first one is for all names that no other has.
    package var identities: [Identity]
    package var minimumVersion: String
    package var maximumVersion: String
    package var ciphers: String
    package var suites: String
    package var groups: String
    package var protocols: [String]
    package var clientCertificates: String
    /// Absolute paths; empty: none.
    package var clientAuthorities: String
    package var clientRevocations: String
    package var principal: String
    package var tickets: Bool
    package var ticketKey: String
    package var ticketLifetime: Duration
    package var maximumHandshakes: Int
    package var keyLog: Bool
}

extension TLSPolicy {
    /// What may stand in place of the table.
    static let selfSigned = "self-signed"

    static let schema = OptionSchema([
        OptionDescription(
            "certificate", .path, default: #""""#,
            help: "The certificate in PEM, followed by those of its issuers; relative to the folder of this file."),
        OptionDescription(
            "key", .path, default: #""""#,
            help: "Its private key in PEM, not encrypted. Others must not be able to read the file."),
        OptionDescription(
            "staple", .path, default: #""""#,
            help: "An OCSP response in DER, which peers get with the certificate. Read again with each reload."),
        OptionDescription(
            "certificates", .tables(identitySchema), default: "[]",
            help:
                "More certificates. Each serves the names that it contains; the first one of all serves every other name."
        ),
        OptionDescription(
            "minimum_version", .text, default: #""1.2""#, choices: ["1.2", "1.3"], help: "The oldest version of TLS."),
        OptionDescription(
            "maximum_version", .text, default: #""1.3""#, choices: ["1.2", "1.3"], help: "The newest version of TLS."),
        OptionDescription(
            "ciphers", .text, default: #""""#,
            help: "Of TLS 1.2, in OpenSSL's words, the best first; empty: those of Mozilla's intermediate profile."),
        OptionDescription(
            "suites", .text, default: #""""#,
            help: "Of TLS 1.3, the best first; empty: the three of RFC 8446, AES-128 first."),
        OptionDescription(
            "groups", .text, default: #""""#, help: "For the key exchange; empty: `X25519:P-256:P-384`."),
        OptionDescription(
            "protocols", .list(.text), default: "[]",
            help:
                "What the plugin speaks, such as `http/1.1`, the best first. A peer that offers only others is refused (ALPN). Empty: "
                + "what peers offer is ignored."),
        OptionDescription(
            "client_certificates", .text, default: #""none""#, choices: ["none", "optional", "required"],
            help: "Whether peers show a certificate. One that cannot be verified is refused in any case."),
        OptionDescription(
            "client_authorities", .path, default: #""""#, help: "Who may have signed them: certificates in PEM."),
        OptionDescription(
            "client_revocations", .path, default: #""""#,
            help: "Lists of revoked certificates in PEM, one for each authority. Empty: none is revoked."),
        OptionDescription(
            "principal", .text, default: #""""#,
            choices: ["", "subject", "common_name", "san:email", "san:dns", "san:uri", "fingerprint"],
            help:
                "What of a peer's certificate is its name here, for plugins and `martlet connections`. Empty: nothing."),
        OptionDescription(
            "tickets", .boolean, default: "true",
            help: "Whether peers can resume sessions, which saves most of a handshake."),
        OptionDescription(
            "ticket_key", .path, default: #""""#,
            help:
                "A file of 32 random bytes or more, from which the keys of tickets are derived, so that tickets outlive a restart and are "
                + "valid on several machines. Empty: they outlive reloads and crashes only."),
        OptionDescription(
            "ticket_lifetime", .duration, default: #""12h""#, minimum: .seconds(60), maximum: .hours(24 * 3),
            help: "Time after which tickets get another key. A ticket is accepted for up to twice as long."),
        OptionDescription(
            "max_handshakes", .integer, default: "0", minimum: 0, maximum: 1_000_000,
            help: "Handshakes at a time; further peers are reset. 0: no limit."),
        OptionDescription(
            "key_log", .boolean, default: "false",
            help:
                "Whether the secrets of connections are written to the file that the environment variable `SSLKEYLOGFILE` of the server names, "
                + "so that Wireshark can read them. Refused if the server was started without it."),
    ])

    private static let identitySchema = OptionSchema([
        OptionDescription("certificate", .path, required: true, help: "As above."),
        OptionDescription("key", .path, required: true, help: "As above."),
        OptionDescription("staple", .path, default: #""""#, help: "As above."),
    ])

    private static let builtInTable = ConfigurationTable.builtIn(schema)

    /// nil: connections are not encrypted.
    init?(_ value: ConfigurationValue?) {
        guard let value else { return nil }
        let own = value.table ?? ConfigurationTable()
        let table = LayeredTable([own, Self.builtInTable])
        isSelfSigned = value.text != nil
        let first = Identity(
            certificate: table.text("certificate"), key: table.text("key"), staple: table.text("staple"))
        let more = (own["certificates"]?.list ?? []).compactMap(\.table).map { entry in
            Identity(
                certificate: entry["certificate"]?.text ?? "", key: entry["key"]?.text ?? "",
                staple: entry["staple"]?.text ?? "")
        }
        hasFirst = !first.certificate.isEmpty
        identities = (first.certificate.isEmpty ? [] : [first]) + more
        minimumVersion = table.text("minimum_version")
        maximumVersion = table.text("maximum_version")
        ciphers = table.text("ciphers")
        suites = table.text("suites")
        groups = table.text("groups")
        protocols = table.texts("protocols")
        clientCertificates = table.text("client_certificates")
        clientAuthorities = table.text("client_authorities")
        clientRevocations = table.text("client_revocations")
        principal = table.text("principal")
        tickets = table.boolean("tickets")
        ticketKey = table.text("ticket_key")
        ticketLifetime = table.duration("ticket_lifetime")
        maximumHandshakes = table.integer("max_handshakes")
        keyLog = table.boolean("key_log")
    }

    /// The problems that the schema cannot express.
    static func problems(of value: ConfigurationValue?, at key: ConfigurationKey, file: String) -> [Diagnostic] {
        guard let value, let table = value.table, let policy = TLSPolicy(value) else { return [] }
        func problem(_ name: String, _ message: String) -> Diagnostic {
            Diagnostic(
                file: file, position: table[name]?.position ?? value.position,
                key: table[name] == nil ? key : key.appending(name), message: message)
        }
        var problems: [Diagnostic] = []
        let (certificate, privateKey) = (table["certificate"]?.text ?? "", table["key"]?.text ?? "")
        if policy.identities.isEmpty {
            problems.append(
                problem("certificate", "expected certificate and key, or tls = \"self-signed\", found no certificate"))
        } else if certificate.isEmpty != privateKey.isEmpty {
            let (present, missing) = certificate.isEmpty ? ("key", "certificate") : ("certificate", "key")
            problems.append(problem(present, "expected \(missing) beside it, found none"))
        }
        if policy.minimumVersion > policy.maximumVersion {
            problems.append(
                problem(
                    "minimum_version",
                    "expected at most maximum_version, which is \(policy.maximumVersion), found \(policy.minimumVersion)"
                ))
        }
        if policy.clientCertificates != "none", policy.clientAuthorities.isEmpty {
            problems.append(problem("client_certificates", "expected client_authorities beside it, found none"))
        }
        if policy.clientCertificates == "none" {
            for name in ["client_authorities", "client_revocations", "principal"]
            where !(table[name]?.text ?? "").isEmpty {
                problems.append(problem(name, "nobody is asked for a certificate: client_certificates is \"none\""))
            }
        }
        for (index, name) in policy.protocols.enumerated() where !(1...255).contains(name.utf8.count) {
            problems.append(
                Diagnostic(
                    file: file, position: table["protocols"]?.position ?? value.position,
                    key: key.appending("protocols").appending(index: index),
                    message: "expected 1 to 255 bytes, found \(name.utf8.count)"))
        }
        return problems
    }
}
