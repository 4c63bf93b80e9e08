import COpenSSL
import Engine
import Glibc
import Synchronization

/// Gives the connections of a listener TLS. Connections keep the context with which they began, so a listener may get another at any time.
package final class TLSContext: TransportSource, @unchecked Sendable {
    /// One for each identity; the first one is for names that no other has.
    private let contexts: [OpaquePointer]
    /// By server name, in lower case; "*.example.org" for all names with one more label.
    private let byName: [String: OpaquePointer]
    /// In the form of the extension: each with its length. RFC 7301, 3.1
    private let protocols: [UInt8]
    /// For each context: what it staples.
    private let staples: [OpaquePointer: Staple]
    private let tickets: TicketKeys?
    /// A private-key operation takes so long that a worker makes it.
    private let hasSlowKey: Bool
    private let maximumHandshakes: Int
    let principal: TLSMaterial.Principal
    private let keyLog: KeyLog?
    private let handshakes = Atomic(0)

    package init(_ material: TLSMaterial) throws(TLSProblem) {
        var made: [OpaquePointer] = []
        var names: [String: OpaquePointer] = [:]
        var staples: [OpaquePointer: Staple] = [:]
        var isSlow = false
        let keyLog = material.keyLog.isEmpty ? nil : try KeyLog(material.keyLog)
        do throws(TLSProblem) {
            guard !material.identities.isEmpty else {
                throw TLSProblem(part: .certificate(0), text: "there is no certificate")
            }
            for (index, identity) in material.identities.enumerated() {
                let maker = try ContextMaker(material)
                made.append(maker.context)
                let certificates = try maker.use(identity, index)
                for name in certificates.names where names[name.lowercased()] == nil {
                    names[name.lowercased()] = maker.context
                }
                staples[maker.context] = identity.staple.flatMap { Staple($0) }
                isSlow = isSlow || certificates.key.hasPrefix("RSA")
            }
        } catch {
            for context in made { SSL_CTX_free(context) }
            throw error
        }
        contexts = made
        byName = names
        self.staples = staples
        protocols = material.protocols.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
        tickets = material.ticketSecret.map { TicketKeys(secret: $0, seconds: material.ticketSeconds) }
        hasSlowKey = isSlow
        maximumHandshakes = material.maximumHandshakes
        principal = material.principal
        self.keyLog = keyLog
        for context in contexts { installCallbacks(context) }
    }

    deinit { for context in contexts { SSL_CTX_free(context) } }

    // MARK: Connections

    package func begin(_ connection: ConnectionPointer) -> Limit? {
        if maximumHandshakes > 0, handshakes.wrappingAdd(1, ordering: .relaxed).newValue > maximumHandshakes {
            handshakes.wrappingSubtract(1, ordering: .relaxed)
            return .handshakes
        }
        guard let state = TLSConnection.make(self, contexts[0], connection) else {
            endHandshake()
            return .bufferMemory
        }
        connection.links.pointee.transport = TLSTransport.pointer
        connection.links.pointee.transportState = UnsafeMutableRawPointer(state)
        return nil
    }

    /// A handshake that was counted is over.
    func endHandshake() { if maximumHandshakes > 0 { handshakes.wrappingSubtract(1, ordering: .relaxed) } }

    // MARK: Callbacks of OpenSSL

    /// Each finds the context through the connection, which keeps it.
    private func installCallbacks(_ context: OpaquePointer) {
        if hasSlowKey {
            SSL_CTX_set_client_hello_cb(context, { ssl, _, _ in TLSConnection.of(ssl).pointee.helloArrived() }, nil)
        }
        if contexts.count > 1 {
            openssl_set_server_name_callback(
                context, { ssl, _, _ in TLSConnection.of(ssl).pointee.chooseIdentity() }, nil)
        }
        if !protocols.isEmpty {
            SSL_CTX_set_alpn_select_cb(
                context,
                { ssl, output, outputLength, input, inputLength, _ in
                    TLSConnection.of(ssl).pointee.context.chooseProtocol(output, outputLength, input, inputLength)
                }, nil)
        }
        if tickets != nil {
            SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, vector, cipher, mac, isNew in
                guard let name, let vector else { return -1 }
                return TLSConnection.of(ssl).pointee.context.useTicketKey(
                    name, vector, cipher, mac, isNew: isNew == 1)
            }
            SSL_CTX_set_session_ticket_cb(
                context, nil,
                { ssl, session, _, _, status, _ in
                    guard status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW,
                        !TLSContext.hasExpired(session)
                    else { return SSL_TICKET_RETURN_IGNORE_RENEW }
                    // A ticket is for one connection, so that nobody can tell that two are of one client. RFC 8446, C.4
                    return status == SSL_TICKET_SUCCESS_RENEW || SSL_version(ssl) == TLS1_3_VERSION
                        ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE
                }, nil)
        }
        if keyLog != nil {
            SSL_CTX_set_keylog_callback(context) { ssl, line in
                guard let ssl, let line else { return }
                TLSConnection.of(ssl).pointee.context.keyLog?.write(line)
            }
        }
        if !staples.isEmpty {
            openssl_set_status_callback(context, { ssl, _ in TLSConnection.of(ssl).pointee.staple() }, nil)
        }
    }

    /// A session does not outlive the certificate of the client with which it began.
    private static func hasExpired(_ session: OpaquePointer?) -> Bool {
        guard let peer = session.flatMap({ SSL_SESSION_get0_peer($0) }) else { return false }
        return CertificateDescription.seconds(X509_get0_notAfter(peer)) < Int64(time(nil))
    }

    /// The context for a server name; nil: that of all others.
    func context(for name: String) -> OpaquePointer? {
        let name = name.lowercased()
        if let exact = byName[name] { return exact }
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return nil }
        return byName["*" + name[dot...]]
    }

    func staple(of context: OpaquePointer?) -> Staple? { context.flatMap { staples[$0] } }

    /// The server's best protocol that the peer offers. If there is none, the handshake ends. RFC 7301, 3.2
    private func chooseProtocol(
        _ output: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ outputLength: UnsafeMutablePointer<UInt8>?,
        _ input: UnsafePointer<UInt8>?, _ inputLength: UInt32
    ) -> Int32 {
        var chosen: UnsafeMutablePointer<UInt8>?
        let result = protocols.withUnsafeBufferPointer {
            SSL_select_next_proto(&chosen, outputLength, $0.baseAddress, UInt32($0.count), input, inputLength)
        }
        guard result == OPENSSL_NPN_NEGOTIATED, let chosen, let input else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        // Of the two lists it may point to ours, which OpenSSL copies after this function has returned: so it gets the peer's.
        let length = Int(outputLength?.pointee ?? 0)
        var position = 0
        while position < Int(inputLength) {
            let count = Int(input[position])
            if count == length, memcmp(input + position + 1, chosen, length) == 0 {
                output?.pointee = input + position + 1
                return SSL_TLSEXT_ERR_OK
            }
            position += count + 1
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

    /// Found once: EVP_aes_256_cbc(3) is looked up for each ticket.
    nonisolated(unsafe) private static let cipher = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
    private static let vectorLength: Int32 = 16

    /// SSL_CTX_set_tlsext_ticket_key_evp_cb(3)
    private func useTicketKey(
        _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer?,
        _ mac: OpaquePointer?, isNew: Bool
    ) -> Int32 {
        guard let tickets else { return isNew ? -1 : 0 }
        if isNew {
            let key = tickets.current
            guard RAND_bytes(vector, Self.vectorLength) == 1 else { return -1 }
            name.update(from: key.name, count: TicketKeys.Key.nameLength)
            guard EVP_EncryptInit_ex(cipher, Self.cipher, nil, key.cipher, vector) == 1,
                authenticate(mac, with: key)
            else { return -1 }
            return 1
        }
        guard let (key, isOld) = tickets.find(UnsafeRawBufferPointer(start: name, count: TicketKeys.Key.nameLength))
        else { return 0 }
        guard EVP_DecryptInit_ex(cipher, Self.cipher, nil, key.cipher, vector) == 1, authenticate(mac, with: key)
        else { return -1 }
        return isOld ? 2 : 1
    }

    private func authenticate(_ mac: OpaquePointer?, with key: TicketKeys.Key) -> Bool {
        var secret = key.authentication
        return openssl_set_mac_key(mac, &secret, secret.count) == 1
    }
}
