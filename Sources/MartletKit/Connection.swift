import CMartlet

/// One peer, as a session sees it during a callback: all its functions are [loop], inside a callback of this connection.
///
/// It is the host's, and valid until the callback returns. Do not keep it: keep `id`. What changes something returns `closed`
/// when the connection is closing, and in `Session.closed`.
@frozen
public struct Connection<P: Plugin> {
    @usableFromInline let handle: OpaquePointer
    @usableFromInline let env: UnsafePointer<martlet_env>
    /// In `init(opening:)` alone.
    @usableFromInline let opening: UnsafePointer<martlet_opening>?

    @inlinable
    init(handle: OpaquePointer, env: UnsafePointer<martlet_env>, opening: UnsafePointer<martlet_opening>? = nil) {
        self.handle = handle
        self.env = env
        self.opening = opening
    }

    @inlinable
    var host: UnsafePointer<martlet_host> { env.pointee.host.unsafelyUnwrapped }

    /// The instance that this connection belongs to, in place.
    @inlinable
    public var plugin: P {
        unsafeAddress {
            let box = env.box(P.self)
            let offset = MemoryLayout<InstanceBox<P>>.offset(of: \.plugin)!
            return UnsafePointer(UnsafeMutableRawPointer(box).advanced(by: offset).assumingMemoryBound(to: P.self))
        }
    }

    /// What the sessions of this event loop share, in place. Under `dispatch = "workers"` other connections of the loop use it at
    /// the same time: it must then be something that several threads may use.
    @inlinable
    public var loop: P.LoopState {
        unsafeAddress {
            UnsafePointer(env.pointee.loop_state.unsafelyUnwrapped.assumingMemoryBound(to: P.LoopState.self))
        }
        nonmutating unsafeMutableAddress {
            env.pointee.loop_state.unsafelyUnwrapped.assumingMemoryBound(to: P.LoopState.self)
        }
    }

    /// Services of the host that are not bound to a connection. The value may be kept, and used from any thread.
    @inlinable
    public var services: Host<P> {
        Host(table: host, instance: env.pointee.instance)
    }

    /// How and where the connection came in: in `Session.init(opening:)`, later nil. [loop]
    public var arrival: Arrival? { opening.map { Arrival($0) } }

    /// Names this connection for ever: for `Host.post` and `Host.submit`, from any thread. Also in `closed`.
    @inlinable
    public var id: ConnectionID { ConnectionID(rawValue: host.pointee.id(handle)) }

    /// Sends what is written, then closes. No `received` follows; what is written after it is refused.
    @inlinable
    @discardableResult
    public func close() -> HostResult { HostResult(rawValue: host.pointee.close(handle)) }

    /// Closes at the end of the callback, with a reset; output that waits is dropped.
    ///
    /// - Parameter error: who is to blame; nil: nobody.
    @inlinable
    @discardableResult
    public func abort(_ error: SessionError? = nil) -> HostResult {
        HostResult(rawValue: host.pointee.abort(handle, error.map(\.rawValue) ?? 0))
    }

    /// Gives the connection to the plugin of another listener at the end of the callback. This session is closed with the reason
    /// `handedOver`; the other plugin opens one and gets the input that this one has not consumed.
    ///
    /// - Parameter listener: its name.
    /// - Returns: `ok`; `argument`: there is no other listener of this name; `busy`: it has no room; `closed`. [loop]
    @discardableResult
    public func handOver(to listener: String) -> HostResult {
        withText(listener) { HostResult(rawValue: host.pointee.hand_over(handle, $0)) }
    }

    /// Calls the next `received` no earlier than when `count` bytes are there that are not consumed, or the input has ended. So a
    /// large message is presented once, and not once for each segment. Holds for the next `received` alone. Bytes that are there
    /// already count, unless a `received` that consumes nothing asks for no more than it has seen.
    ///
    /// Until then the session hears of no input: `limits.request_timeout` holds the peer to an end, not a timer of the session.
    /// `FrameReader.bytesOfNextFrame` says how many bytes a frame takes.
    ///
    /// - Parameter count: bytes; 0 takes it back.
    /// - Returns: `ok`; `argument`: more than `limits.max_input`, so that they can never be there; `closed`. [loop]
    @inlinable
    @discardableResult
    public func want(_ count: Int) -> HostResult { HostResult(rawValue: host.pointee.want(handle, count)) }

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
    @inlinable
    @discardableResult
    public func expectInput(_ expected: Bool) -> HostResult {
        HostResult(rawValue: host.pointee.expect_input(handle, expected ? 1 : 0))
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
    public var peer: Peer { read(host.pointee.peer) }

    /// The address that the peer connected to. Also in `closed`. [loop]
    public var local: Peer { read(host.pointee.local) }

    private func read(
        _ function: @convention(c) (OpaquePointer?, UnsafeMutablePointer<martlet_address>?) -> martlet_result
    ) -> Peer {
        var address = martlet_address()
        address.size = UInt32(MemoryLayout<martlet_address>.size)
        _ = function(handle, &address)
        return Peer(&address)
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
