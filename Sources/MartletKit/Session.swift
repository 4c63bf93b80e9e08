/// The state of one connection. A struct: it lies in memory of the host and is called in place. MartletKit adds no allocation,
/// retain or release to a connection or a callback.
///
/// The memory is the host's from before `init(opening:)` until after `closed`: at most 64 KiB, aligned to at most 64 bytes.
///
/// All calls for one connection come from the same event loop, one after the other, and must not block. Where the listener has
/// `dispatch = "workers"`, they come from workers, still one after the other, and may block.
public protocol Session {
    /// The plugin that it belongs to.
    associatedtype Plugin: MartletKit.Plugin

    /// A peer is connected. nil refuses it. `connection.arrival` says how and where it came in. [loop]
    init?(opening connection: Connection<Plugin>)

    /// Bytes from the peer: all that is not consumed yet, in the host's memory, valid until this returns. [loop]
    ///
    /// - Returns: how many bytes are consumed; the rest is presented again together with what follows. More than there are is a
    ///   fault, which ends the connection.
    /// - Throws: aborts the connection. `.peer`: the peer misbehaved; `.failed`: the plugin failed.
    mutating func received(_ input: Span<UInt8>, from connection: Connection<Plugin>) throws(SessionError) -> Int

    /// There is room for output again after a write returned `full`. Output was above the high-water mark
    /// and is now below the low-water mark. Input that was left is presented again by itself. [loop]
    mutating func writable(_ connection: Connection<Plugin>)

    /// The timer of `setTimer`. [loop]
    mutating func timerFired(_ connection: Connection<Plugin>)

    /// The peer sends no more, but may still read; what was not consumed never will be. The default closes once what is written
    /// is sent. [loop]
    mutating func peerClosed(_ connection: Connection<Plugin>)

    /// Finish what is begun, start nothing new, and close: the listener or its generation ends. The default closes once what is
    /// written is sent. [loop]
    mutating func draining(_ connection: Connection<Plugin>)

    /// The last call, unless the session moved to another generation. Nothing can be written any more. [loop]
    mutating func closed(_ connection: Connection<Plugin>, reason: CloseReason)
}

extension Session {
    @inlinable public mutating func writable(_ connection: Connection<Plugin>) {}
    @inlinable public mutating func timerFired(_ connection: Connection<Plugin>) {}
    @inlinable public mutating func peerClosed(_ connection: Connection<Plugin>) { connection.close() }
    @inlinable public mutating func draining(_ connection: Connection<Plugin>) { connection.close() }
    @inlinable public mutating func closed(_ connection: Connection<Plugin>, reason: CloseReason) {}
}

/// Why a session gives its connection up.
@frozen
public enum SessionError: Error, Sendable {
    /// The peer misbehaved: it broke the rules of the protocol. Counted for the peer; the plugin did nothing wrong.
    case peer
    /// The plugin failed. Counts as a failed request: enough of them end a trial.
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
    /// The peer closed, in order.
    public static let peer = CloseReason(rawValue: 2)
    /// The connection broke.
    public static let reset = CloseReason(rawValue: 3)
    /// Nothing came or went for `limits.idle_timeout`.
    public static let idleTimeout = CloseReason(rawValue: 4)
    /// The peer read nothing for `limits.write_timeout`.
    public static let writeTimeout = CloseReason(rawValue: 5)
    /// More than `limits.max_input` bytes were left unconsumed.
    public static let inputLimit = CloseReason(rawValue: 6)
    /// The plugin broke a rule of the ABI.
    public static let fault = CloseReason(rawValue: 7)
    /// Cut at the end of a drain.
    public static let shutdown = CloseReason(rawValue: 8)
    /// A buffer could not be had.
    public static let noMemory = CloseReason(rawValue: 9)
    /// Nothing came for `limits.first_byte_timeout`.
    public static let firstByteTimeout = CloseReason(rawValue: 11)
    /// A message was not complete in time.
    public static let requestTimeout = CloseReason(rawValue: 12)
    /// The connection was open for `limits.lifetime`.
    public static let lifetime = CloseReason(rawValue: 13)
    /// Requests came too fast, and the listener refuses instead of letting wait.
    public static let requestRate = CloseReason(rawValue: 14)
    /// The plugin said that the peer misbehaved.
    public static let peerError = CloseReason(rawValue: 15)
    /// The plugin said that it failed.
    public static let failed = CloseReason(rawValue: 16)
    /// The connection goes on with the plugin of another listener.
    public static let handedOver = CloseReason(rawValue: 17)
}

/// What a host function came to: `martlet_result`.
public struct HostResult: RawRepresentable, Equatable, Sendable {
    /// `martlet_result`: below 0 is a failure that changed nothing.
    public let rawValue: Int32
    /// - Parameter rawValue: `martlet_result`.
    @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Done.
    public static let ok = HostResult(rawValue: 0)
    /// Accepted, and the output that waits is above the high-water mark: produce no more, return from `received` with
    /// what is consumed so far. The rest is presented again, and `writable` called, once there is room.
    public static let full = HostResult(rawValue: 1)
    /// The connection is closing.
    public static let closed = HostResult(rawValue: -1)
    /// An argument is out of its range.
    public static let argument = HostResult(rawValue: -2)
    /// No memory, or past the limit of the connection.
    public static let memory = HostResult(rawValue: -3)
    /// A bounded queue is full.
    public static let busy = HostResult(rawValue: -4)
    /// The host is stopping.
    public static let stopping = HostResult(rawValue: -5)
    /// This host cannot do it.
    public static let unsupported = HostResult(rawValue: -6)
    /// The peer misbehaved.
    public static let peerError = HostResult(rawValue: -7)

    /// The bytes were taken (`ok` or `full`).
    @inlinable public var isAccepted: Bool { rawValue >= 0 }
}

extension CloseReason: CustomStringConvertible {
    /// The name that the reason has here: `peer`, `idleTimeout`.
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
        default: "close reason \(rawValue)"
        }
    }
}

extension HostResult: CustomStringConvertible {
    /// The name that the result has here: `ok`, `full`.
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
