import COpenSSL
import Engine
import Glibc
import PluginABI

/// TLS over the socket of a connection.
enum TLSTransport: Transport {
    nonisolated(unsafe) static let pointer = permanent(TLSTransport.self as any Transport.Type)

    /// Plain bytes that are encrypted before the socket is asked to take them: four records.
    private static let batch = 64 << 10
    /// Of the thread's memory: for what OpenSSL writes, and behind that for plain bytes.
    static let ciphertextRoom = 160 << 10
    private static let largestRecord = 16 << 10
    /// So that a peer can read the beginning of a long answer when it has the first packet.
    private static let smallRecord = 1_350
    /// Bytes of a long answer in small records: about what arrives in the first round trip. RFC 6928
    private static let smallTotal = 14 << 10
    /// Answers of OpenSSL to a peer that does not read may wait, but not more than this.
    private static let unsentLimit = 256 << 10

    @inline(__always)
    static func connectionState(_ connection: ConnectionPointer) -> TLSConnection.Pointer {
        connection.links.pointee.transportState.unsafelyUnwrapped.assumingMemoryBound(to: TLSConnection.self)
    }

    /// Of a call that has returned `result`.
    private static func failure(_ state: TLSConnection.Pointer, _ result: Int32) -> TransportResult {
        switch SSL_get_error(state.pointee.ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .endOfInput
        default:
            // An end without close_notify as well: what was cut off may be missed. RFC 8446, 6.1
            state.pointee.isBroken = true
            return .failed(ECONNRESET)
        }
    }

    // MARK: Handshake

    static func handshake(_ connection: ConnectionPointer) -> HandshakeStep {
        let state = connectionState(connection)
        if state.pointee.hasUnsent {
            switch state.pointee.flush() {
            case .done: break
            case .blocked: return .wantsWrite
            case .failed: return fail(state)
            }
        }
        ERR_clear_error()
        let result = SSL_do_handshake(state.pointee.ssl)
        let error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(state.pointee.ssl, result)
        let isHTTP = error == SSL_ERROR_SSL && openssl_reason(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST
        let flushed = state.pointee.flush()
        if case .failed = flushed { return fail(state) }
        switch error {
        case SSL_ERROR_NONE:
            if flushed != .done { return .wantsWrite }
            state.pointee.isEstablished = true
            state.pointee.silentBytes = 0
            state.pointee.endHandshake()
            return .done
        case SSL_ERROR_WANT_READ: return flushed == .done ? .wantsRead : .wantsWrite
        case SSL_ERROR_WANT_CLIENT_HELLO_CB: return .wantsWorker
        default:
            if isHTTP { tellToUseTLS(connection) }
            return fail(state)
        }
    }

    private static func fail(_ state: TLSConnection.Pointer) -> HandshakeStep {
        state.pointee.isBroken = true
        return .failed
    }

    private static func tellToUseTLS(_ connection: ConnectionPointer) {
        let text = "This port speaks TLS. Use https.\n"
        var answer =
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\n"
            + "Connection: close\r\n\r\n\(text)"
        answer.withUTF8 { _ = connection.socketSend($0.baseAddress!, $0.count) }
    }

    // MARK: Input

    static func receive(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult {
        let state = connectionState(connection)
        if _slowPath(state.pointee.hasUnsent), let result = makeWay(state) { return result }
        // What OpenSSL has in memory says nothing about the socket.
        state.pointee.isSocketEmpty = false
        ERR_clear_error()
        var total = 0
        var result: Int32
        repeat {
            var count = 0
            result = SSL_read_ex(state.pointee.ssl, room.baseAddress! + total, room.count - total, &count)
            total += count
            if result == 1 { state.pointee.silentBytes = 0 }
        } while result == 1 && total < room.count && SSL_has_pending(state.pointee.ssl) != 0
        let failure = result == 1 ? nil : failure(state, result)
        // OpenSSL may have answered a KeyUpdate, or sent an alert.
        if case .failed(let code) = state.pointee.flush() { return .failed(code) }
        if total > 0 {
            state.pointee.sentInARow = 0
            return .bytes(total)
        }
        return failure ?? .wantsRead
    }

    /// nil: what waits does not hold up the input.
    private static func makeWay(_ state: TLSConnection.Pointer) -> TransportResult? {
        // Output that the engine waits for is flushed when the engine asks.
        if state.pointee.held > 0, state.pointee.unsentCount < unsentLimit { return nil }
        guard state.pointee.held == 0 else { return .wantsWrite }
        return switch state.pointee.flush() {
        case .done: nil
        case .blocked: .wantsWrite
        case .failed(let code): .failed(code)
        }
    }

    static func peek(_ connection: ConnectionPointer, into room: UnsafeMutableRawBufferPointer) -> TransportResult {
        let state = connectionState(connection)
        if _slowPath(state.pointee.hasUnsent), let result = makeWay(state) { return result }
        state.pointee.isSocketEmpty = false
        ERR_clear_error()
        var count = 0
        let result = SSL_peek_ex(state.pointee.ssl, room.baseAddress, room.count, &count)
        if result == 1 { state.pointee.silentBytes = 0 }
        let outcome = result == 1 ? TransportResult.bytes(count) : failure(state, result)
        if case .failed(let code) = state.pointee.flush() { return .failed(code) }
        return outcome
    }

    static func pending(_ connection: ConnectionPointer) -> Int {
        let state = connectionState(connection)
        // What has been read may include the end.
        let hasEnded = state.pointee.isBroken || SSL_get_shutdown(state.pointee.ssl) & SSL_RECEIVED_SHUTDOWN != 0
        return hasEnded || !state.pointee.isSocketEmpty || SSL_has_pending(state.pointee.ssl) != 0 ? 1 : 0
    }

    // MARK: Output

    /// Flushes what waits. nil: nothing waits, and the engine knows of all that was encrypted.
    private static func continueSending(_ state: TLSConnection.Pointer) -> TransportResult? {
        // `receive` may have flushed the rest.
        guard _slowPath(state.pointee.hasUnsent || state.pointee.held > 0) else { return nil }
        switch state.pointee.flush() {
        case .done:
            let held = state.pointee.held
            state.pointee.held = 0
            return held > 0 ? .bytes(held) : nil
        case .blocked(let taken): return confirm(state, taken) ?? .wantsWrite
        case .failed(let code): return .failed(code)
        }
    }

    /// The socket has taken so many bytes more: the engine hears of as many, except for the last one. nil: of none.
    private static func confirm(_ state: TLSConnection.Pointer, _ taken: Int) -> TransportResult? {
        let count = min(taken, state.pointee.held - 1)
        guard count > 0 else { return nil }
        state.pointee.held -= count
        return .bytes(count)
    }

    static func send(_ connection: ConnectionPointer, _ bytes: UnsafeRawBufferPointer) -> TransportResult {
        let state = connectionState(connection)
        if let result = continueSending(state) { return result }
        return encrypt(state, UnsafeRawBufferPointer(rebasing: bytes.prefix(batch)))
    }

    /// Nothing waits.
    private static func encrypt(_ state: TLSConnection.Pointer, _ bytes: UnsafeRawBufferPointer) -> TransportResult {
        guard !state.pointee.isBroken else { return .failed(EPIPE) }
        ERR_clear_error()
        var done = 0
        while done < bytes.count {
            let isLong = state.pointee.sentInARow > 0 || bytes.count > largestRecord
            let size = isLong && state.pointee.sentInARow < smallTotal ? smallRecord : largestRecord
            var written = 0
            let result = SSL_write_ex(
                state.pointee.ssl, bytes.baseAddress! + done, min(size, bytes.count - done), &written)
            guard result == 1 else {
                guard done == 0 else { break }
                let failure = failure(state, result)
                // What OpenSSL wants must not be mixed up with what the socket wants.
                return state.pointee.flush() == .done ? failure : .failed(EPIPE)
            }
            done += written
            state.pointee.sentInARow += written
        }
        switch state.pointee.flush() {
        case .done: return .bytes(done)
        case .blocked(let taken):
            state.pointee.held = done
            return confirm(state, taken) ?? .wantsWrite
        case .failed(let code): return .failed(code)
        }
    }

    static func send(
        _ connection: ConnectionPointer, vector: UnsafeBufferPointer<iovec>, more: Bool
    ) -> TransportResult {
        let state = connectionState(connection)
        if let result = continueSending(state) { return result }
        guard let area = connection.transportArea else { return .failed(ENOMEM) }
        // One record for many small pieces.
        let plain = UnsafeMutableRawBufferPointer(start: area + ciphertextRoom, count: batch)
        var count = 0
        for piece in vector where count < plain.count {
            let part = min(piece.iov_len, plain.count - count)
            (plain.baseAddress! + count).copyMemory(from: piece.iov_base, byteCount: part)
            count += part
        }
        return encrypt(state, UnsafeRawBufferPointer(rebasing: plain[..<count]))
    }

    static func send(_ connection: ConnectionPointer, file: Int32, offset: UInt64, count: Int) -> TransportResult {
        let state = connectionState(connection)
        if let result = continueSending(state) { return result }
        guard let area = connection.transportArea else { return .failed(ENOMEM) }
        while true {
            let read = pread(file, area + ciphertextRoom, min(count, batch), off_t(offset))
            if read > 0 { return encrypt(state, UnsafeRawBufferPointer(start: area + ciphertextRoom, count: read)) }
            if read == 0 { return .endOfInput }
            guard errno == EINTR else { return .failed(errno) }
        }
    }

    // MARK: The end

    static func finish(_ connection: ConnectionPointer) {
        sayGoodbye(connectionState(connection))
        connection.socketFinish()
    }

    static func close(_ connection: ConnectionPointer, reset: Bool) {
        let state = connectionState(connection)
        if !reset { sayGoodbye(state) }
        state.pointee.endHandshake()
        SSL_free(state.pointee.ssl)
        state.deinitialize(count: 1)
        state.deallocate()
        connection.links.pointee.transportState = nil
        connection.links.pointee.transport = nil
    }

    /// close_notify, if the socket takes it. RFC 8446, 6.1
    private static func sayGoodbye(_ state: TLSConnection.Pointer) {
        guard state.pointee.isEstablished, !state.pointee.isBroken,
            SSL_get_shutdown(state.pointee.ssl) & SSL_SENT_SHUTDOWN == 0
        else { return }
        ERR_clear_error()
        SSL_shutdown(state.pointee.ssl)
        ERR_clear_error()
        _ = state.pointee.flush()
    }
}
