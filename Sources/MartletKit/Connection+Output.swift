import CMartlet

/// Answers. Small ones are put together in the host's output buffer and sent once, at the end of the callback.
///
/// Those that return a result return `ok`; `full`, which took the bytes and asks for no more; `closed`, when the connection is
/// closing or in `Session.closed`; `memory`. Unless `ok` or `full`, nothing was taken. [loop], inside a callback of the
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

    /// Copies bytes to the output; the pointer is not kept. [loop]
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

    /// At least `count` bytes of the output buffer to write into: the host's, valid until the next call on this connection or
    /// the end of the callback. Nothing is sent before `commit`. nil: the connection is closing, or there is no memory.
    /// `write(atMost:_:)` does both without an unsafe pointer. [loop]
    @inlinable
    public func reserve(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        guard let base = host.pointee.reserve(handle, count) else { return nil }
        return UnsafeMutableRawBufferPointer(start: base, count: count)
    }

    /// Takes the first `count` bytes of the last `reserve`. More than were reserved is a fault, which ends the connection. [loop]
    @inlinable
    @discardableResult
    public func commit(_ count: Int) -> HostResult { HostResult(rawValue: host.pointee.commit(handle, count)) }

    /// Sends bytes without copying them. They stay the plugin's, and must not change before `release(context)`, which is called
    /// exactly once, after this has returned, whatever it returned. The instance lives until then, also when the session has
    /// moved to another generation. [loop]
    @discardableResult
    public func writeShared(
        _ bytes: UnsafeRawBufferPointer, context: UnsafeMutableRawPointer?,
        release: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) -> HostResult {
        HostResult(rawValue: host.pointee.write_shared(handle, bytes.baseAddress, bytes.count, release, context))
    }

    /// Sends a part of an open regular file (`sendfile(2)`), which stays the plugin's and must stay open until
    /// `release(context)`: called exactly once, whatever this returned. A file that turns out shorter aborts the connection.
    ///
    /// - Parameters:
    ///   - descriptor: its position is neither used nor moved.
    ///   - offset: bytes from the beginning of the file.
    ///   - length: bytes.
    ///   - context: what `release` gets.
    ///   - release: gives the file back. [loop]
    @discardableResult
    public func sendFile(
        _ descriptor: Int32, offset: UInt64, length: UInt64, context: UnsafeMutableRawPointer?,
        release: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) -> HostResult {
        HostResult(rawValue: host.pointee.send_file(handle, descriptor, offset, length, release, context))
    }

    /// Counts one answered request: rates and error rates come from it. Also in `closed`. [loop]
    ///
    /// - Parameters:
    ///   - method: or opcode.
    ///   - target: path or key.
    ///   - status: the protocol's own.
    ///   - bytes: of the answer, with its head.
    ///   - failed: the plugin failed at it. A status of 500, 502, 503 or 504 counts as failed in any case. Not for what the
    ///     peer got wrong: any peer could end a trial with it.
    ///   - started: `monotonicNanoseconds` when the request came; 0: with the bytes of this callback.
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
