import CMartlet

/// One peer, as a session sees it during a callback. All its functions are [loop], inside a callback of this connection.
///
/// It belongs to the host and is valid until the callback returns. Do not keep it: keep `id`. Functions that change something return
/// `closed` while the connection is closing, and in `Session.closed`.
@frozen
public struct Connection<P: Plugin> {
    @usableFromInline let handle: OpaquePointer
    @usableFromInline let env: UnsafePointer<martlet_env>
    /// Only set in `init(opening:)`.
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
            env.pluginAddress(P.self)
        }
    }

    /// The state that the sessions of this event loop share, in place. With `dispatch = "workers"` other connections of the loop use it at
    /// the same time, so it must be thread-safe.
    @inlinable
    public var loop: P.LoopState {
        unsafeAddress {
            UnsafePointer(env.loopState(P.self))
        }
        nonmutating unsafeMutableAddress {
            env.loopState(P.self)
        }
    }

    /// Services of the host that do not need a connection. You may keep the value, and use it from any thread.
    @inlinable
    public var services: Host<P> { env.box(P.self).pointee.host }

    /// How and where the connection came in. Set in `Session.init(opening:)`, later nil. [loop]
    public var arrival: Arrival? { opening.map { Arrival($0) } }

    /// The id of this connection for `Host.post` and `Host.submit`, from any thread. Also in `closed`.
    @inlinable
    public var id: ConnectionID { ConnectionID(rawValue: host.pointee.id(handle)) }

    /// Sends the queued output, then closes. No `received` follows. Later output is refused.
    @inlinable
    @discardableResult
    public func close() -> HostResult { HostResult(rawValue: host.pointee.close(handle)) }

    /// Closes at the end of the callback, with a reset, and drops the queued output.
    ///
    /// - Parameter error: who is to blame; nil: nobody.
    @inlinable
    @discardableResult
    public func abort(_ error: SessionError? = nil) -> HostResult {
        HostResult(rawValue: host.pointee.abort(handle, error.map(\.rawValue) ?? 0))
    }

    /// Gives the connection to the plugin of another listener at the end of the callback. This session is closed with the reason
    /// `handedOver`; the other plugin opens a session and gets the input that this one has not consumed.
    ///
    /// - Parameter listener: the name of the other listener.
    /// - Returns: `ok`; `argument`: no other listener has this name; `busy`: the listener has no room; `closed`. [loop]
    @discardableResult
    public func handOver(to listener: String) -> HostResult {
        withText(listener) { HostResult(rawValue: host.pointee.hand_over(handle, $0)) }
    }

    /// Delays the next `received` until `count` unconsumed bytes are available, or until the input has ended. So a large message is
    /// presented once, and not once for each segment. Applies to the next `received` only. Bytes that have already arrived count, unless a
    /// `received` consumes nothing and asks for no more than it was given.
    ///
    /// Until then the session sees no input. So leave a deadline for the peer to `limits.request_timeout`, and not to a timer of the
    /// session. `FrameReader.bytesOfNextFrame` returns the number of bytes of a frame.
    ///
    /// - Parameter count: bytes; 0 cancels it.
    /// - Returns: `ok`; `argument`: more than `limits.max_input`: the host never keeps that many bytes; `closed`. [loop]
    @inlinable
    @discardableResult
    public func want(_ count: Int) -> HostResult { HostResult(rawValue: host.pointee.want(handle, count)) }

    /// Stops presenting input. The kernel's buffer fills, and the peer has to wait.
    @inlinable
    @discardableResult
    public func pause() -> HostResult { HostResult(rawValue: host.pointee.pause(handle)) }

    /// Presents input again, the unconsumed bytes first.
    @inlinable
    @discardableResult
    public func resume() -> HostResult { HostResult(rawValue: host.pointee.resume(handle)) }

    /// Declares whether the peer owes the rest of a message although all bytes of it that have arrived are consumed, such as a body that is
    /// consumed in pieces. While it does, `limits.request_timeout` runs. (While input is left unconsumed, it runs without this call.)
    @inlinable
    @discardableResult
    public func expectInput(_ expected: Bool) -> HostResult {
        HostResult(rawValue: host.pointee.expect_input(handle, expected ? 1 : 0))
    }

    /// Calls `timerFired` once after this many milliseconds, at least one. Each connection has one timer: a new one replaces it.
    @inlinable
    @discardableResult
    public func setTimer(milliseconds: UInt64) -> HostResult {
        HostResult(rawValue: host.pointee.set_timer(handle, max(milliseconds, 1)))
    }

    /// Calls `timerFired` once after a time, rounded up to whole milliseconds. A new timer replaces the old one. [loop]
    @discardableResult
    public func setTimer(after time: Duration) -> HostResult {
        setTimer(milliseconds: time.wholeMilliseconds)
    }

    /// Cancels the timer of this connection. [loop]
    @inlinable
    @discardableResult
    public func cancelTimer() -> HostResult { HostResult(rawValue: host.pointee.set_timer(handle, 0)) }

    /// CLOCK_MONOTONIC in nanoseconds, as of the current event. Makes no system call. Also in `closed`.
    @inlinable
    public var monotonicNanoseconds: UInt64 { host.pointee.monotonic_time(handle) }

    /// Seconds since 1970, as of the current event. Makes no system call. Also in `closed`.
    @inlinable
    public var wallClockSeconds: Int64 { host.pointee.wall_clock(handle) }

    /// The address of the peer. Also in `closed`. [loop]
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

/// Identifies a connection. An id is never reused for another peer: a delivery to a connection that is gone runs without it. The id stays
/// the same when the session moves to another generation.
@frozen
public struct ConnectionID: RawRepresentable, Hashable, Sendable {
    /// `martlet_connection_id`.
    public let rawValue: UInt64
    /// - Parameter rawValue: `martlet_connection_id`.
    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// No connection.
    public static let none = ConnectionID(rawValue: 0)
}
