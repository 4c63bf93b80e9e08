/// The state of one connection. A struct in the host's memory, which is called in place. MartletKit adds no allocation,
/// retain or release to a connection or a callback.
///
/// The host owns the memory from before `init(opening:)` until after `closed`: at most 64 KiB, aligned to at most 64 bytes.
///
/// All calls for one connection come from the same event loop, one after the other, and must not block. If the listener has
/// `dispatch = "workers"`, they come from workers, still one after the other, and may block.
public protocol Session {
    /// The plugin that the session belongs to.
    associatedtype Plugin: MartletKit.Plugin

    /// A peer has connected. nil refuses it. `connection.arrival` says how and where it came in. [loop]
    init?(opening connection: Connection<Plugin>)

    /// Bytes have arrived from the peer. `input` is all input that is not consumed yet, in the host's memory, valid until this
    /// returns. [loop]
    ///
    /// - Returns: how many bytes are consumed; the rest is presented again together with the bytes that follow. To consume more than
    ///   `input` has is a fault, which aborts the connection.
    /// - Throws: aborts the connection. `.peer`: the peer misbehaved; `.failed`: the plugin failed.
    mutating func received(_ input: Span<UInt8>, from connection: Connection<Plugin>) throws(SessionError) -> Int

    /// There is room for output again after a write returned `full`: the queued output had reached the high-water mark, and has
    /// fallen to the low-water mark. The host then presents unconsumed input again. [loop]
    mutating func writable(_ connection: Connection<Plugin>)

    /// The timer of `setTimer` has expired. [loop]
    mutating func timerFired(_ connection: Connection<Plugin>)

    /// The peer has half-closed: it sends nothing more, but may still read. The host has dropped the input that was not consumed. The
    /// default sends the queued output and closes. [loop]
    mutating func peerClosed(_ connection: Connection<Plugin>)

    /// The listener or its generation is shutting down: finish what has begun, start nothing new, and close. The default sends the
    /// queued output and closes. [loop]
    mutating func draining(_ connection: Connection<Plugin>)

    /// The last call, unless the session moved to another generation: then `RestorableSession.moved` is. No output is possible any more. [loop]
    mutating func closed(_ connection: Connection<Plugin>, reason: CloseReason)
}

extension Session {
    @inlinable public mutating func writable(_ connection: Connection<Plugin>) {}
    @inlinable public mutating func timerFired(_ connection: Connection<Plugin>) {}
    @inlinable public mutating func peerClosed(_ connection: Connection<Plugin>) { connection.close() }
    @inlinable public mutating func draining(_ connection: Connection<Plugin>) { connection.close() }
    @inlinable public mutating func closed(_ connection: Connection<Plugin>, reason: CloseReason) {}
}

/// Why a session gives up its connection.
@frozen
public enum SessionError: Error, Sendable {
    /// The peer misbehaved: it broke the rules of the protocol. Counts as an error of the peer, not of the plugin.
    case peer
    /// The plugin failed. Counts as a failed request: too many of them abort a trial.
    case failed

    /// `martlet_result`
    @inlinable
    var rawValue: Int32 {
        switch self {
        case .peer: -7
        case .failed: -3
        }
    }
}

/// Why a connection ended: `martlet_close_reason`.
public struct CloseReason: RawRepresentable, Equatable, Sendable {
    /// `MARTLET_CLOSED_…`
    public let rawValue: UInt32
    /// - Parameter rawValue: `MARTLET_CLOSED_…`
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// `close` or `abort` of the plugin.
    public static let plugin = CloseReason(rawValue: 1)
    /// The peer closed normally.
    public static let peer = CloseReason(rawValue: 2)
    /// The connection broke.
    public static let reset = CloseReason(rawValue: 3)
    /// Nothing was received or sent for `limits.idle_timeout`.
    public static let idleTimeout = CloseReason(rawValue: 4)
    /// The peer read nothing for `limits.write_timeout`.
    public static let writeTimeout = CloseReason(rawValue: 5)
    /// More than `limits.max_input` bytes were left unconsumed.
    public static let inputLimit = CloseReason(rawValue: 6)
    /// The plugin broke a rule of the ABI.
    public static let fault = CloseReason(rawValue: 7)
    /// The host closed it in a drain, or at its end.
    public static let shutdown = CloseReason(rawValue: 8)
    /// There was no memory for a buffer.
    public static let noMemory = CloseReason(rawValue: 9)
    /// The peer sent nothing for `limits.first_byte_timeout`.
    public static let firstByteTimeout = CloseReason(rawValue: 11)
    /// A message was not complete in time.
    public static let requestTimeout = CloseReason(rawValue: 12)
    /// The connection was open for `limits.lifetime`.
    public static let lifetime = CloseReason(rawValue: 13)
    /// Requests arrived too fast, and the listener refuses them instead of delaying them.
    public static let requestRate = CloseReason(rawValue: 14)
    /// The plugin reported that the peer misbehaved.
    public static let peerError = CloseReason(rawValue: 15)
    /// The plugin reported that it failed.
    public static let failed = CloseReason(rawValue: 16)
    /// The connection continues with the plugin of another listener.
    public static let handedOver = CloseReason(rawValue: 17)
    /// A member of a group did not read, and had joined with `BacklogPolicy.close`.
    public static let backlog = CloseReason(rawValue: 18)
}

/// The result of a host function: `martlet_result`.
public struct HostResult: RawRepresentable, Equatable, Sendable {
    /// `martlet_result`: below 0 is a failure that changed nothing.
    public let rawValue: Int32
    /// - Parameter rawValue: `martlet_result`.
    @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Done.
    public static let ok = HostResult(rawValue: 0)
    /// The output was accepted, and the queued output has reached the high-water mark. Stop producing: return from `received` with
    /// the bytes consumed so far. Once there is room again, the host calls `writable` and presents the rest again.
    public static let full = HostResult(rawValue: 1)
    /// The connection is closing.
    public static let closed = HostResult(rawValue: -1)
    /// An argument is out of range.
    public static let argument = HostResult(rawValue: -2)
    /// Out of memory, or the connection's limit is exceeded.
    public static let memory = HostResult(rawValue: -3)
    /// A bounded queue is full.
    public static let busy = HostResult(rawValue: -4)
    /// The host is stopping.
    public static let stopping = HostResult(rawValue: -5)
    /// This host cannot do it.
    public static let unsupported = HostResult(rawValue: -6)
    /// The peer misbehaved.
    public static let peerError = HostResult(rawValue: -7)

    /// The call was accepted (`ok` or `full`).
    @inlinable public var isAccepted: Bool { rawValue >= 0 }
}

extension CloseReason: CustomStringConvertible {
    /// The name of the constant: `peer`, `idleTimeout`.
    public var description: String {
        switch rawValue {
        case 1: "plugin"
        case 2: "peer"
        case 3: "reset"
        case 4: "idleTimeout"
        case 5: "writeTimeout"
        case 6: "inputLimit"
        case 7: "fault"
        case 8: "shutdown"
        case 9: "noMemory"
        case 11: "firstByteTimeout"
        case 12: "requestTimeout"
        case 13: "lifetime"
        case 14: "requestRate"
        case 15: "peerError"
        case 16: "failed"
        case 17: "handedOver"
        case 18: "backlog"
        default: "close reason \(rawValue)"
        }
    }
}

extension HostResult: CustomStringConvertible {
    /// The name of the constant: `ok`, `full`.
    public var description: String {
        switch rawValue {
        case 0: "ok"
        case 1: "full"
        case -1: "closed"
        case -2: "argument"
        case -3: "memory"
        case -4: "busy"
        case -5: "stopping"
        case -6: "unsupported"
        case -7: "peerError"
        default: "result \(rawValue)"
        }
    }
}
