import CMartlet

/// Output. The host collects small writes in its output buffer and sends them together at the end of the callback.
///
/// The writing functions return `ok`; `full`: the bytes were accepted, but write no more; `closed`: the connection is closing, or this is
/// `Session.closed`; `memory`. Unless a function returns `ok` or `full`, nothing was accepted. [loop], inside a callback of the
/// connection.
extension Connection {
    /// Copies bytes to the output. [loop]
    @inlinable
    @discardableResult
    public func write(_ bytes: Span<UInt8>) -> HostResult {
        bytes.withUnsafeBufferPointer { HostResult(rawValue: host.pointee.write(handle, $0.baseAddress, $0.count)) }
    }

    /// Copies the UTF-8 of a constant text to the output. [loop]
    @inlinable
    @discardableResult
    public func write(_ text: StaticString) -> HostResult {
        HostResult(rawValue: host.pointee.write(handle, text.utf8Start, text.utf8CodeUnitCount))
    }

    /// Copies bytes to the output. [loop]
    @inlinable
    @discardableResult
    public func write(_ bytes: UnsafeRawBufferPointer) -> HostResult {
        HostResult(rawValue: host.pointee.write(handle, bytes.baseAddress, bytes.count))
    }

    /// Copies the UTF-8 of a text to the output. [loop]
    @discardableResult
    public func write(_ text: String) -> HostResult {
        var text = text
        return text.withUTF8 { HostResult(rawValue: host.pointee.write(handle, $0.baseAddress, $0.count)) }
    }

    /// At least `count` bytes of the host's output buffer to write into, valid until the next output function of this connection or
    /// the end of the callback. Nothing is sent before `commit`. nil: the connection is closing, there is no memory, or the connection's
    /// limit is exceeded. `write(atMost:_:)` does both without an unsafe pointer. [loop]
    @inlinable
    public func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        guard let base = host.pointee.reserve(handle, count) else { return nil }
        return UnsafeMutableRawBufferPointer(start: base, count: count)
    }

    /// Adds the first `count` bytes of the last `reserve` to the output. To commit more than was reserved is a fault, which aborts the
    /// connection. [loop]
    @inlinable
    @discardableResult
    public func commit(_ count: Int) -> HostResult { HostResult(rawValue: host.pointee.commit(handle, count)) }

    /// Sends bytes without copying them. They still belong to the plugin, and must not change until the host calls `release(context)`. It
    /// does so exactly once, after this function has returned, whatever the result. The instance lives until then, even if the session has
    /// moved to another generation. [loop]
    @discardableResult
    public func writeShared(
        _ bytes: UnsafeRawBufferPointer, context: UnsafeMutableRawPointer?,
        release: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) -> HostResult {
        HostResult(rawValue: host.pointee.write_shared(handle, bytes.baseAddress, bytes.count, release, context))
    }

    /// Sends a part of an open regular file (`sendfile(2)`). The file still belongs to the plugin, and must stay open until the host calls
    /// `release(context)`. It does so exactly once, whatever the result. If the file turns out to be shorter, the host aborts the
    /// connection.
    ///
    /// - Parameters:
    ///   - descriptor: of the file; its position is neither used nor moved.
    ///   - offset: bytes from the beginning of the file.
    ///   - length: bytes.
    ///   - context: the argument of `release`.
    ///   - release: called when the host no longer needs the file. [loop]
    @discardableResult
    public func sendFile(
        _ descriptor: Int32, offset: UInt64, length: UInt64, context: UnsafeMutableRawPointer?,
        release: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) -> HostResult {
        HostResult(rawValue: host.pointee.send_file(handle, descriptor, offset, length, release, context))
    }

    /// Counts one answered request. The host computes request rates and error rates from it. Also in `closed`. [loop]
    ///
    /// - Parameters:
    ///   - method: method or opcode.
    ///   - target: path or key.
    ///   - status: as the protocol defines it.
    ///   - bytes: of the answer, including its head.
    ///   - failed: whether the plugin failed to serve the request. A status of 500, 502, 503 or 504 always counts as failed. Do not set it
    ///     for mistakes of the peer: otherwise any peer could abort a trial.
    ///   - started: `monotonicNanoseconds` when the request arrived; 0: with the bytes of this callback.
    @inlinable
    public func requestDone(
        method: StaticString, target: Span<UInt8>, status: UInt32, bytes: UInt64, failed: Bool, started: UInt64 = 0
    ) {
        target.withUnsafeBufferPointer { target in
            var record = martlet_request()
            record.size = UInt32(MemoryLayout<martlet_request>.size)
            record.flags = failed ? MARTLET_REQUEST_FAILED : 0
            record.status = status
            record.bytes = bytes
            record.started = started
            record.method = martlet_text(
                data: UnsafeRawPointer(method.utf8Start).assumingMemoryBound(to: CChar.self),
                length: method.utf8CodeUnitCount)
            record.target = martlet_text(
                data: UnsafeRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self), length: target.count)
            _ = host.pointee.request_done(handle, &record)
        }
    }
}
