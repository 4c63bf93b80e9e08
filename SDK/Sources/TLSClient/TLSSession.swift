import COpenSSL
import Glibc

/// The client's side of TLS on a connected socket that does not block. It does not close the socket.
public final class TLSSession {
    public enum Step: Equatable {
        /// Bytes that were read or written; 0 for a handshake.
        case done(Int)
        /// Nothing can happen before the socket has input, or room.
        case wantsRead, wantsWrite
        /// The server has said goodbye.
        case end
        case failed(TLSFailure)
    }

    private let ssl: OpaquePointer
    /// Kept because callbacks of OpenSSL use it.
    private let context: TLSClientContext

    /// - Parameters:
    ///   - socket: stays open while this lives.
    ///   - host: a name or an address that the server's certificate must contain; empty: any certificate that is trusted.
    public init(socket: Int32, host: String, _ context: TLSClientContext) throws(TLSFailure) {
        ERR_clear_error()
        guard let made = context.makeConnection() else { throw TLSFailure(doing: "TLS cannot be set up") }
        guard let bio = BIO_new(Self.method) else {
            SSL_free(made)
            throw TLSFailure(doing: "TLS cannot be set up")
        }
        BIO_set_data(bio, UnsafeMutableRawPointer(bitPattern: Int(socket) + 1))
        BIO_set_init(bio, 1)
        SSL_set_bio(made, bio, bio)
        if !host.isEmpty {
            // Addresses are no server names. RFC 6066, 3
            if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(made), host) != 1 {
                ERR_clear_error()
                openssl_set_server_name(made, host)
                SSL_set1_host(made, host)
            }
        }
        SSL_set_connect_state(made)
        ssl = made
        self.context = context
    }

    deinit { SSL_free(ssl) }

    public func handshake() -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return .done(0) }
        let step = step(result)
        // The certificate says more than "certificate verify failed".
        let verdict = SSL_get_verify_result(ssl)
        guard case .failed = step, verdict != Int(X509_V_OK) else { return step }
        return .failed(
            TLSFailure(
                description: "the server's certificate: \(String(cString: X509_verify_cert_error_string(verdict)))",
                code: EPROTO))
    }

    public func read(into room: UnsafeMutableRawBufferPointer) -> Step {
        ERR_clear_error()
        var count = 0
        let result = SSL_read_ex(ssl, room.baseAddress, room.count, &count)
        return result == 1 ? .done(count) : step(result)
    }

    /// After `wantsRead` or `wantsWrite` it must be called with the same bytes again.
    public func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard !bytes.isEmpty else { return .done(0) }
        ERR_clear_error()
        var count = 0
        let result = SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count)
        return result == 1 ? .done(count) : step(result)
    }

    /// Tells the server that nothing more will be sent, if the socket takes it. RFC 8446, 6.1
    public func finish() {
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// The server has accepted an earlier session instead of a full handshake.
    public var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// Tickets come after the handshake. RFC 8446, 4.6.1
    public var expectsTickets: Bool { SSL_version(ssl) == TLS1_3_VERSION }

    private func step(_ result: Int32) -> Step {
        let code = errno
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .end
        case SSL_ERROR_SYSCALL where ERR_peek_error() == 0:
            let text = code == 0 ? "the server closed the connection" : String(cString: strerror(code))
            return .failed(TLSFailure(description: "TLS: \(text)", code: code == 0 ? ECONNRESET : code))
        default: return .failed(TLSFailure(doing: "TLS"))
        }
    }

    // MARK: The socket

    /// Like OpenSSL's own, but without SIGPIPE.
    nonisolated(unsafe) private static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "martlet client") else {
            fatalError("no memory for the socket functions of TLS")
        }
        BIO_meth_set_read(method) { bio, room, count in
            openssl_bio_clear_retry(bio)
            let result = recv(TLSSession.socket(bio), room, Int(count), 0)
            if result < 0, errno == EAGAIN || errno == EINTR { openssl_bio_wants_read(bio) }
            return Int32(truncatingIfNeeded: result)
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            openssl_bio_clear_retry(bio)
            let result = send(TLSSession.socket(bio), bytes, Int(count), Int32(MSG_NOSIGNAL))
            if result < 0, errno == EAGAIN || errno == EINTR { openssl_bio_wants_write(bio) }
            return Int32(truncatingIfNeeded: result)
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    private static func socket(_ bio: OpaquePointer?) -> Int32 { Int32(Int(bitPattern: BIO_get_data(bio)) - 1) }
}
