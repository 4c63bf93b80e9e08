import Configuration
import Glibc
import TLS

/// Reads the files that a listener's table `[tls]` names, and checks what is in them.
struct ListenerSecurity {
    private let configuration: ListenerConfiguration
    private let policy: TLSPolicy
    private var diagnostics: [Diagnostic] = []

    private static let largestFile = 4 << 20

    /// From which those of listeners are derived that have no key file: so tickets stay valid for as long as this process lives.
    private static let ticketSecret = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
    /// The same one for all listeners.
    private static let selfSigned = TLSMaterial.Identity.selfSigned()

    /// nil: the connections of this listener are not encrypted.
    static func load(
        for configuration: ListenerConfiguration
    ) throws(ListenerRefusal) -> (material: TLSMaterial, certificates: [CertificateRow])? {
        guard let policy = configuration.tls else { return nil }
        var reader = ListenerSecurity(configuration: configuration, policy: policy)
        let material = reader.readAll()
        guard reader.diagnostics.isEmpty else { throw ListenerRefusal(configuration.name, reader.diagnostics) }
        do throws(TLSProblem) {
            _ = try TLSContext(material)
        } catch {
            throw ListenerRefusal(configuration.name, [reader.diagnostic(error)])
        }
        return (material, reader.rows(of: material))
    }

    private func rows(of material: TLSMaterial) -> [CertificateRow] {
        material.identities.enumerated().compactMap { index, identity in
            CertificateDescription.all(inPEM: identity.certificates)?.first.map {
                CertificateRow(
                    listener: configuration.name,
                    file: policy.isSelfSigned ? nil : policy.identities[index].certificate,
                    certificate: $0, isDefault: index == 0)
            }
        }
    }

    private init(configuration: ListenerConfiguration, policy: TLSPolicy) {
        (self.configuration, self.policy) = (configuration, policy)
    }

    private mutating func readAll() -> TLSMaterial {
        var material = TLSMaterial(identities: [])
        if policy.isSelfSigned { material.identities = Self.selfSigned.map { [$0] } ?? [] }
        for index in policy.identities.indices { readIdentity(index).map { material.identities.append($0) } }
        material.minimum = TLSMaterial.Version(rawValue: policy.minimumVersion) ?? .tls12
        material.maximum = TLSMaterial.Version(rawValue: policy.maximumVersion) ?? .tls13
        if !policy.ciphers.isEmpty { material.ciphers = policy.ciphers }
        if !policy.suites.isEmpty { material.suites = policy.suites }
        if !policy.groups.isEmpty { material.groups = policy.groups }
        material.protocols = policy.protocols
        material.clientCertificates = TLSMaterial.ClientCertificates(rawValue: policy.clientCertificates) ?? .none
        if !policy.clientAuthorities.isEmpty {
            material.authorities = text(of: policy.clientAuthorities, "tls.client_authorities") ?? ""
        }
        if !policy.clientRevocations.isEmpty {
            material.revocations = text(of: policy.clientRevocations, "tls.client_revocations") ?? ""
        }
        material.principal = TLSMaterial.Principal(rawValue: policy.principal) ?? .none
        if policy.tickets { material.ticketSecret = readTicketSecret() }
        material.ticketSeconds = UInt64(policy.ticketLifetime.components.seconds)
        material.maximumHandshakes = policy.maximumHandshakes
        if policy.keyLog { material.keyLog = keyLogFile() }
        return material
    }

    private mutating func readTicketSecret() -> [UInt8]? {
        guard !policy.ticketKey.isEmpty else { return Self.ticketSecret + Array(configuration.name.utf8) }
        guard let secret = bytes(of: policy.ticketKey, "tls.ticket_key", isSecret: true) else { return nil }
        if secret.count < 32 {
            report("tls.ticket_key", "\(policy.ticketKey): expected 32 random bytes or more, found \(secret.count)")
        }
        return secret
    }

    private mutating func keyLogFile() -> String {
        guard let path = getenv("SSLKEYLOGFILE").map({ String(cString: $0) }), path.hasPrefix("/") else {
            report(
                "tls.key_log",
                "expected a server that was started with the environment variable SSLKEYLOGFILE=/PATH, found none: whoever "
                    + "can write this file must not be able to read what connections say")
            return ""
        }
        return path
    }

    /// The key in the file that names it: the first certificate may be beside the list.
    private func key(of index: Int, _ name: String) -> String {
        let first = policy.hasFirst ? 1 : 0
        return index < first ? "tls.\(name)" : "tls.certificates[\(index - first)].\(name)"
    }

    private mutating func readIdentity(_ index: Int) -> TLSMaterial.Identity? {
        let identity = policy.identities[index]
        guard let certificates = text(of: identity.certificate, key(of: index, "certificate")),
            let privateKey = text(of: identity.key, key(of: index, "key"), isSecret: true)
        else { return nil }
        var staple: [UInt8]?
        if !identity.staple.isEmpty { staple = readStaple(identity.staple, key(of: index, "staple")) }
        checkTime(
            CertificateDescription.all(inPEM: certificates)?.first, identity.certificate, key(of: index, "certificate"))
        return TLSMaterial.Identity(certificates: certificates, key: privateKey, staple: staple)
    }

    private mutating func readStaple(_ path: String, _ key: String) -> [UInt8]? {
        guard let bytes = bytes(of: path, key) else { return nil }
        if let staple = Staple(bytes) {
            if !staple.isCurrent, let end = staple.nextUpdate {
                report(key, "\(path): the OCSP response expired on \(Self.date(end))")
            }
        } else {
            report(key, "\(path): expected an OCSP response in DER that says how the certificate is")
        }
        return bytes
    }

    private mutating func checkTime(_ certificate: CertificateDescription?, _ file: String, _ key: String) {
        guard let certificate else { return }
        let now = Int64(time(nil))
        if certificate.notAfter < now {
            report(key, "\(file): the certificate expired on \(Self.date(certificate.notAfter))")
        } else if certificate.notBefore > now {
            report(key, "\(file): the certificate is not valid before \(Self.date(certificate.notBefore))")
        }
    }

    /// UTC
    static func date(_ seconds: Int64) -> String {
        var (time, parts) = (time_t(seconds), tm())
        gmtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Files

    private mutating func text(of path: String, _ key: String, isSecret: Bool = false) -> String? {
        bytes(of: path, key, isSecret: isSecret).map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func bytes(of path: String, _ key: String, isSecret: Bool = false) -> [UInt8]? {
        do throws(SourceFile.Problem) {
            return try SourceFile.read(path, check: isSecret ? Self.secretProblem : nil, limit: Self.largestFile)
        } catch {
            report(key, "\(path): \(error.text)")
            return nil
        }
    }

    private static func secretProblem(_ descriptor: Int32, _ path: String) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & 0o007 == 0 else {
            return "everybody on this machine can read it; chmod o= \(path)"
        }
        return nil
    }

    // MARK: Problems

    private mutating func report(_ key: String, _ message: String) {
        diagnostics.append(configuration.diagnostic(key: key, message: message))
    }

    private func diagnostic(_ problem: TLSProblem) -> Diagnostic {
        let (key, file): (String, String?) =
            switch problem.part {
            case .certificate(let index):
                (
                    self.key(of: index, "certificate"),
                    policy.identities.indices.contains(index) ? policy.identities[index].certificate : nil
                )
            case .key(let index):
                (
                    self.key(of: index, "key"),
                    policy.identities.indices.contains(index) ? policy.identities[index].key : nil
                )
            case .versions: ("tls.minimum_version", nil)
            case .ciphers: ("tls.ciphers", nil)
            case .suites: ("tls.suites", nil)
            case .groups: ("tls.groups", nil)
            case .protocols: ("tls.protocols", nil)
            case .authorities: ("tls.client_authorities", policy.clientAuthorities)
            case .revocations: ("tls.client_revocations", policy.clientRevocations)
            case .keyLog: ("tls.key_log", nil)
            case .library: ("tls", nil)
            }
        return configuration.diagnostic(key: key, message: (file.map { "\($0): " } ?? "") + problem.text)
    }
}
