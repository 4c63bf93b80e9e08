import CMartlet

/// Another connection of the same instance on the same event loop, which the running callback, tick or delivery writes to
/// (`martlet.loops/1`). Valid until that returns: do not keep it, keep the `ConnectionID`.
///
/// The writing functions return the same as those of `Connection`. The output is sent at the end of the loop's turn, under the limits of
/// that connection. [loop]
@frozen
public struct OtherConnection<P: Plugin> {
    @usableFromInline let connection: Connection<P>

    @inlinable
    init?(_ id: ConnectionID, _ env: UnsafePointer<martlet_env>) {
        guard let loops = env.box(P.self).pointee.host.loops, let handle = loops.pointee.connection(env, id.rawValue)
        else { return nil }
        connection = Connection(handle: handle, env: env)
    }

    /// Copies bytes to the output. [loop]
    @inlinable
    @discardableResult
    public func write(_ bytes: Span<UInt8>) -> HostResult { connection.write(bytes) }

    /// Copies bytes to the output. [loop]
    @inlinable
    @discardableResult
    public func write(_ bytes: UnsafeRawBufferPointer) -> HostResult { connection.write(bytes) }

    /// Copies the UTF-8 of a text to the output. [loop]
    @discardableResult
    public func write(_ text: String) -> HostResult { connection.write(text) }

    /// Copies a line to the output and appends the ending. The line is written whole or not at all. [loop]
    @discardableResult
    public func writeLine(_ line: Span<UInt8>, ending: Connection<P>.LineEnding = .lf) -> HostResult {
        line.withUnsafeBytes { source in
            withUnsafeTemporaryAllocation(byteCount: source.count + 2, alignment: 1) { room in
                let base = room.baseAddress!
                if let bytes = source.baseAddress { base.copyMemory(from: bytes, byteCount: source.count) }
                let count = connection.endLine(base, source.count, ending)
                return connection.write(UnsafeRawBufferPointer(start: base, count: count))
            }
        }
    }

    /// Copies the UTF-8 of a text to the output and appends the ending. The line is written whole or not at all. [loop]
    @discardableResult
    public func writeLine(_ line: String, ending: Connection<P>.LineEnding = .lf) -> HostResult {
        var line = line
        return line.withUTF8 { writeLine($0.span, ending: ending) }
    }

    /// Sends bytes without copying them, as `Connection.writeShared` does. [loop]
    @discardableResult
    public func writeShared(
        _ bytes: UnsafeRawBufferPointer, context: UnsafeMutableRawPointer?,
        release: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) -> HostResult {
        connection.writeShared(bytes, context: context, release: release)
    }

    /// Sends a part of an open regular file, as `Connection.sendFile` does. [loop]
    @discardableResult
    public func sendFile(
        _ descriptor: Int32, offset: UInt64, length: UInt64, context: UnsafeMutableRawPointer?,
        release: @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) -> HostResult {
        connection.sendFile(descriptor, offset: offset, length: length, context: context, release: release)
    }

    /// Sends the queued output, then closes. [loop]
    @discardableResult
    public func close() -> HostResult { connection.close() }

    /// Closes with a reset, and drops the queued output; nil: nobody is to blame. [loop]
    @discardableResult
    public func abort(_ error: SessionError? = nil) -> HostResult { connection.abort(error) }

    /// The address of the peer. [loop]
    public var peer: Peer { connection.peer }
}

extension Connection {
    /// Another connection of this instance on this event loop, to write to it. nil: it is closed or closing, it belongs to another loop,
    /// listener or generation, the callbacks run on workers, or the host lacks `HostExtension.loops`. `Host.post` and `Host.send` reach
    /// connections anywhere. [loop]
    @inlinable
    public func other(_ id: ConnectionID) -> OtherConnection<P>? { OtherConnection(id, env) }
}
