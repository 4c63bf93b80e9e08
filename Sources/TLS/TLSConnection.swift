import COpenSSL
import Engine
import Glibc

/// What TLS keeps of a connection. It never moves, because OpenSSL has its address.
///
/// OpenSSL reads from the socket itself, into its own buffer. What it writes is collected in memory of the thread and sent in one call; what
/// the socket does not take waits here.
struct TLSConnection {
    let context: TLSContext
    let ssl: OpaquePointer
    let connection: ConnectionPointer

    /// Bytes in the memory of the thread, while OpenSSL runs.
    private var collected = 0
    /// Ciphertext that the socket has not taken yet: from `unsentStart`.
    private var unsent: [UInt8] = []
    private var unsentStart = 0
    /// Bytes of the engine's queue that are encrypted, but of which the engine does not know yet, so that it asks again when there is room.
    var held = 0
    /// The last read has emptied the socket.
    var isSocketEmpty = false
    /// Bytes that the peer has sent since its last byte for the plugin: new keys, and the beginning of a record.
    var silentBytes = 0
    /// Nothing can be read or written any more.
    var isBroken = false
    var isEstablished = false
    private var isCounted = true
    /// What the plugin has asked for.
    var facts: TLSFacts?
    /// Bytes sent since the peer has last sent something.
    var sentInARow = 0

    private init(_ context: TLSContext, _ ssl: OpaquePointer, _ connection: ConnectionPointer) {
        (self.context, self.ssl, self.connection) = (context, ssl, connection)
    }

    /// Two of the longest records.
    private static let silentLimit = 33 << 10

    typealias Pointer = UnsafeMutablePointer<TLSConnection>

    /// nil: there is no memory.
    static func make(_ context: TLSContext, _ library: OpaquePointer, _ connection: ConnectionPointer) -> Pointer? {
        guard let ssl = SSL_new(library) else { return nil }
        guard let bio = BIO_new(method) else {
            SSL_free(ssl)
            return nil
        }
        let state = Pointer.allocate(capacity: 1)
        state.initialize(to: TLSConnection(context, ssl, connection))
        BIO_set_data(bio, state)
        BIO_set_init(bio, 1)
        SSL_set_bio(ssl, bio, bio)
        SSL_set_ex_data(ssl, 0, state)
        SSL_set_accept_state(ssl)
        return state
    }

    static func of(_ ssl: OpaquePointer?) -> Pointer {
        SSL_get_ex_data(ssl, 0).assumingMemoryBound(to: TLSConnection.self)
    }

    mutating func endHandshake() {
        guard isCounted else { return }
        isCounted = false
        context.endHandshake()
    }

    var hasUnsent: Bool { !unsent.isEmpty }
    var unsentCount: Int { unsent.count - unsentStart }

    // MARK: The socket

    nonisolated(unsafe) private static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "martlet") else {
            fatalError("no memory for the socket functions of TLS")
        }
        BIO_meth_set_read(method) { bio, room, count in
            guard let bio, let room else { return -1 }
            return state(bio).pointee.read(room, Int(count), bio)
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let bio, let bytes else { return -1 }
            return state(bio).pointee.collect(bytes, Int(count)) ? count : -1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    private static func state(_ bio: OpaquePointer) -> Pointer {
        BIO_get_data(bio).assumingMemoryBound(to: TLSConnection.self)
    }

    private mutating func read(_ room: UnsafeMutableRawPointer, _ count: Int, _ bio: OpaquePointer) -> Int32 {
        openssl_bio_clear_retry(bio)
        // OpenSSL reads on until there is something for the plugin, so a peer that only agrees on new keys would have the loop to itself.
        guard !isEstablished || silentBytes < Self.silentLimit else { return -1 }
        switch connection.socketReceive(room, count) {
        case .bytes(let received):
            silentBytes += received
            isSocketEmpty = received < count
            return Int32(truncatingIfNeeded: received)
        case .wantsRead, .wantsWrite:
            isSocketEmpty = true
            openssl_bio_wants_read(bio)
            return -1
        case .endOfInput: return 0
        case .failed(let code):
            errno = code
            return -1
        }
    }

    private mutating func collect(_ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        guard let area = connection.transportArea, count <= TLSTransport.ciphertextRoom - collected else {
            return false
        }
        (area + collected).copyMemory(from: bytes, byteCount: count)
        collected += count
        return true
    }

    enum Flush: Equatable {
        case done
        /// The socket is full; it has taken so many bytes first.
        case blocked(taken: Int)
        case failed(Int32)
    }

    /// Sends what was collected, behind what waits.
    mutating func flush() -> Flush {
        if _fastPath(unsent.isEmpty) {
            guard collected > 0, let area = connection.transportArea else { return .done }
            let count = collected
            collected = 0
            var sent = 0
            while sent < count {
                switch connection.socketSend(area + sent, count - sent) {
                case .bytes(let taken): sent += taken
                case .wantsWrite, .wantsRead:
                    unsent = Array(UnsafeRawBufferPointer(start: area + sent, count: count - sent))
                    unsentStart = 0
                    return .blocked(taken: sent)
                case .endOfInput: return .failed(EPIPE)
                case .failed(let code): return .failed(code)
                }
            }
            return .done
        }
        if collected > 0, let area = connection.transportArea {
            unsent.removeFirst(unsentStart)
            unsentStart = 0
            unsent += UnsafeRawBufferPointer(start: area, count: collected)
            collected = 0
        }
        var taken = 0
        while unsentStart < unsent.count {
            let result = unsent.withUnsafeBytes {
                connection.socketSend($0.baseAddress! + unsentStart, $0.count - unsentStart)
            }
            switch result {
            case .bytes(let count):
                taken += count
                unsentStart += count
            case .wantsWrite, .wantsRead: return .blocked(taken: taken)
            case .endOfInput: return .failed(EPIPE)
            case .failed(let code): return .failed(code)
            }
        }
        (unsent, unsentStart) = ([], 0)
        return .done
    }

    // MARK: Callbacks of OpenSSL

    /// The first message is complete: what follows needs the private key, which is slow.
    func helloArrived() -> Int32 {
        connection.isOnWorker ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_RETRY
    }

    func chooseIdentity() -> Int32 {
        guard let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return SSL_TLSEXT_ERR_NOACK }
        if let other = context.context(for: String(cString: name)) { SSL_set_SSL_CTX(ssl, other) }
        return SSL_TLSEXT_ERR_OK
    }

    func staple() -> Int32 {
        guard let response = context.staple(of: SSL_get_SSL_CTX(ssl)), response.isCurrent,
            let copy = CRYPTO_malloc(response.bytes.count, nil, 0)
        else { return SSL_TLSEXT_ERR_NOACK }
        copy.copyMemory(from: response.bytes, byteCount: response.bytes.count)
        // It belongs to the connection from now on.
        openssl_staple(ssl, copy.assumingMemoryBound(to: UInt8.self), response.bytes.count)
        return SSL_TLSEXT_ERR_OK
    }
}
