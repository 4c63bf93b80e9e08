import CMartlet

/// One peer, as a session sees it during a callback: all its functions are [loop], inside a callback of this connection.
///
/// It is the host's, and valid until the callback returns. Do not keep it: keep `id`. What changes something returns `closed`
/// when the connection is closing, and in `Session.closed`.
@frozen
public struct Connection<P: Plugin> {
    @usableFromInline let handle: OpaquePointer
    @usableFromInline let host: UnsafePointer<martlet_host>
    @usableFromInline let header: UnsafeMutablePointer<SessionHeader>

    @inlinable
    init(handle: OpaquePointer, header: UnsafeMutablePointer<SessionHeader>) {
        self.handle = handle
        self.header = header
        host = header.pointee.box.assumingMemoryBound(to: InstanceBox<P>.self).pointee.host
    }

    /// The instance that this connection belongs to, in place.
    @inlinable
    public var plugin: P {
        unsafeAddress {
            let box = header.pointee.box.assumingMemoryBound(to: InstanceBox<P>.self)
            let offset = MemoryLayout<InstanceBox<P>>.offset(of: \.plugin)!
            return UnsafePointer(UnsafeMutableRawPointer(box).advanced(by: offset).assumingMemoryBound(to: P.self))
        }
    }

    /// What the sessions of this event loop share, in place. Under `dispatch = "workers"` other connections of the loop use it at
    /// the same time: it must then be something that several threads may use.
    @inlinable
    public var loop: P.LoopState {
        unsafeAddress { UnsafePointer(header.pointee.loop.unsafelyUnwrapped.assumingMemoryBound(to: P.LoopState.self)) }
        nonmutating unsafeMutableAddress {
            header.pointee.loop.unsafelyUnwrapped.assumingMemoryBound(to: P.LoopState.self)
        }
    }

    /// Services of the host that are not bound to a connection. The value may be kept, and used from any thread.
    @inlinable
    public var services: Host<P> {
        Host(
            table: host,
            instance: header.pointee.box.assumingMemoryBound(to: InstanceBox<P>.self).pointee.instance)
    }

    /// Names this connection for ever: for `Host.post` and `Host.submit`, from any thread. Also in `closed`.
    @inlinable
    public var id: ConnectionID { ConnectionID(rawValue: host.pointee.id(handle)) }

    /// Sends what is written, then closes. No `received` follows; what is written after it is refused.
    @inlinable
    @discardableResult
    public func close() -> HostResult { HostResult(rawValue: host.pointee.close(handle)) }

    /// Closes at the end of the callback, with a reset; output that waits is dropped.
    @inlinable
    @discardableResult
    public func abort() -> HostResult { HostResult(rawValue: host.pointee.abort(handle)) }

    /// Stops presenting input: the kernel's buffer fills, and the peer has to wait.
    @inlinable
    @discardableResult
    public func pause() -> HostResult { HostResult(rawValue: host.pointee.pause(handle)) }

    /// Presents input again, what was left unconsumed first.
    @inlinable
    @discardableResult
    public func resume() -> HostResult { HostResult(rawValue: host.pointee.resume(handle)) }

    /// Whether the peer owes the rest of a message although all that came of it is consumed, as with a body that is consumed in
    /// pieces. While it does it is held to `limits.request_timeout`, as it is by itself while input is left unconsumed.
    /// `unsupported` on a host that does not know of this.
    @discardableResult
    public func expectInput(_ expected: Bool) -> HostResult {
        let end = MemoryLayout<martlet_host>.offset(of: \.expect_input)! + MemoryLayout<UnsafeRawPointer>.size
        guard host.pointee.size >= end, let function = host.pointee.expect_input else { return .unsupported }
        return HostResult(rawValue: function(handle, expected ? 1 : 0))
    }

    /// Calls `timerFired` once after so many milliseconds, at least one. Each connection has one timer: a new one replaces it.
    @inlinable
    @discardableResult
    public func setTimer(milliseconds: UInt64) -> HostResult {
        HostResult(rawValue: host.pointee.set_timer(handle, max(milliseconds, 1)))
    }

    /// Calls `timerFired` once after a time, in whole milliseconds: a part of one counts as one. A new timer replaces the old
    /// one. [loop]
    @discardableResult
    public func setTimer(after time: Duration) -> HostResult {
        let (seconds, attoseconds) = time.components
        guard seconds >= 0, attoseconds >= 0 else { return setTimer(milliseconds: 1) }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000)
        let part = UInt64(attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return setTimer(milliseconds: overflow ? .max : whole + part)
    }

    /// The timer of this connection does not fire. [loop]
    @inlinable
    @discardableResult
    public func cancelTimer() -> HostResult { HostResult(rawValue: host.pointee.set_timer(handle, 0)) }

    /// CLOCK_MONOTONIC in nanoseconds when the current event was taken up: no system call. Also in `closed`.
    @inlinable
    public var monotonicNanoseconds: UInt64 { host.pointee.monotonic_time(handle) }

    /// Seconds since 1970, as of the current event: no system call. Also in `closed`.
    @inlinable
    public var wallClockSeconds: Int64 { host.pointee.wall_clock(handle) }

    /// Who the peer is. Also in `closed`. [loop]
    public var peer: Peer {
        var peer = martlet_peer()
        peer.size = UInt32(MemoryLayout<martlet_peer>.size)
        _ = host.pointee.peer(handle, &peer)
        return Peer(peer)
    }
}

/// Names a connection for ever. Never reused for another peer: what is sent to one that is gone arrives without it. Also the
/// same after the session has moved to another generation.
@frozen
public struct ConnectionID: RawRepresentable, Hashable, Sendable {
    /// `martlet_connection_id`.
    public let rawValue: UInt64
    /// - Parameter rawValue: `martlet_connection_id`.
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No connection.
    public static let none = ConnectionID(rawValue: 0)
}
