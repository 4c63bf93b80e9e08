import COpenSSL
import Glibc
import Synchronization

/// What a client of TLS wants.
public struct TLSClientSettings: Equatable, Sendable {
    /// A file of certificates in PEM that are trusted; nil: those of the system.
    public var authorities: String?
    /// A file with a certificate and its key in PEM, to show the server; nil: none.
    public var certificate: String?
    /// Connections continue the session of an earlier one, if the server allows it. RFC 8446, 2.2
    public var resumes = false

    public init(authorities: String? = nil, certificate: String? = nil) {
        (self.authorities, self.certificate) = (authorities, certificate)
    }
}

/// Why a connection has no TLS, or has lost it. For people.
public struct TLSFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    /// The `errno` of the socket, ECONNRESET after an end without goodbye, or EPROTO.
    public let code: Int32

    init(description: String, code: Int32) { (self.description, self.code) = (description, code) }

    /// With the reason of OpenSSL, if there is one.
    init(doing text: String) {
        let reason = ERR_peek_last_error()
        ERR_clear_error()
        code = EPROTO
        description =
            if reason != 0, let words = ERR_reason_error_string(reason) {
                "\(text): \(String(cString: words))"
            } else {
                text
            }
    }
}

/// What the connections of a client have in common. Reading the authorities takes milliseconds, so one is made for many connections.
public final class TLSClientContext: @unchecked Sendable {
    private let context: OpaquePointer
    private let resumes: Bool
    /// The last session that a server has offered to continue.
    private let session = Mutex(Session())
    private struct Session: @unchecked Sendable { var pointer: OpaquePointer? }

    /// Reads the files.
    public init(_ settings: TLSClientSettings) throws(TLSFailure) {
        ERR_clear_error()
        guard let made = SSL_CTX_new(TLS_client_method()) else { throw TLSFailure(doing: "TLS cannot be set up") }
        do throws(TLSFailure) {
            try Self.configure(made, settings)
        } catch {
            SSL_CTX_free(made)
            throw error
        }
        context = made
        resumes = settings.resumes
        if resumes { keepSessions() }
    }

    deinit {
        session.withLock { SSL_SESSION_free($0.pointer) }
        SSL_CTX_free(context)
    }

    private static func configure(_ context: OpaquePointer, _ settings: TLSClientSettings) throws(TLSFailure) {
        _ = openssl_set_versions(context, Int32(TLS1_2_VERSION), Int32(TLS1_3_VERSION))
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        openssl_set_mode(
            context, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS)
        )
        if let file = settings.authorities {
            guard SSL_CTX_load_verify_file(context, file) == 1 else {
                throw TLSFailure(doing: "\(file): no certificates to trust")
            }
        } else {
            SSL_CTX_set_default_verify_paths(context)
        }
        guard let file = settings.certificate else { return }
        guard SSL_CTX_use_certificate_chain_file(context, file) == 1,
            SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1
        else { throw TLSFailure(doing: "\(file): expected a certificate and its key") }
    }

    private func keepSessions() {
        openssl_keep_sessions_of_clients(context)
        SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let ssl, let session, let own = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return 0 }
            Unmanaged<TLSClientContext>.fromOpaque(own).takeUnretainedValue().keep(Session(pointer: session))
            return 1
        }
    }

    private func keep(_ last: Session) {
        session.withLock {
            SSL_SESSION_free($0.pointer)
            $0 = last
        }
    }

    /// nil: there is no memory. The caller frees it.
    func makeConnection() -> OpaquePointer? {
        guard let ssl = SSL_new(context) else { return nil }
        if resumes {
            // The connection gets a reference of its own.
            let last = session.withLock { last in
                if let pointer = last.pointer { SSL_SESSION_up_ref(pointer) }
                return last
            }
            if let pointer = last.pointer {
                SSL_set_session(ssl, pointer)
                SSL_SESSION_free(pointer)
            }
        }
        return ssl
    }
}
