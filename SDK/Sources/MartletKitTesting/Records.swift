import CMartlet
import MartletKit

/// The limits of the connections of a simulated host. Sizes are bytes.
public struct HostLimits: Sendable {
    /// Output that waits for the peer, from which on writes return `full`.
    public var outputHighWater: Int
    /// Output below which the session goes on.
    public var outputLowWater: Int
    /// Input that may stay unconsumed; more ends the connection with `inputLimit`.
    public var maximumInput: Int
    /// Work that `submit` takes before it says `busy`.
    public var workQueue: Int

    /// - Parameters:
    ///   - outputHighWater: bytes from which on writes return `full`.
    ///   - outputLowWater: bytes below which the session goes on.
    ///   - maximumInput: bytes that may stay unconsumed.
    ///   - workQueue: work that `submit` takes before it says `busy`; `runWork` makes room.
    public init(
        outputHighWater: Int = 256 << 10, outputLowWater: Int = 64 << 10, maximumInput: Int = 32 << 20,
        workQueue: Int = 1_024
    ) {
        self.outputHighWater = outputHighWater
        self.outputLowWater = outputLowWater
        self.maximumInput = maximumInput
        self.workQueue = workQueue
    }
}

/// A line that the plugin wrote to the host's log.
public struct LogRecord: Equatable, Sendable {
    /// The severity of the line.
    public let level: LogLevel
    /// Without what the host adds.
    public let message: String

    /// - Parameters:
    ///   - level: the severity of the line.
    ///   - message: without the parts that the host adds.
    public init(_ level: LogLevel, _ message: String) {
        self.level = level
        self.message = message
    }
}

/// What the plugin told with `request_done`.
public struct RequestRecord: Equatable, Sendable {
    /// `SimulatedConnection.number`
    public let connection: Int
    /// Or opcode.
    public let method: String
    /// Path or key.
    public let target: [UInt8]
    /// The protocol's own.
    public let status: UInt32
    /// Of the answer, with its head.
    public let bytes: UInt64
    /// Monotonic nanoseconds; 0: when the bytes of the callback arrived.
    public let started: UInt64
    /// Flagged as failed, or with the status 500, 502, 503 or 504.
    public let failed: Bool

    init(_ record: martlet_simulated_request) {
        let request = record.request.pointee
        connection = Int(record.connection)
        method = String(request.method)
        target = Array(request.target.data, request.target.length)
        (status, bytes, started) = (request.status, request.bytes, request.started)
        failed = record.is_failed != 0
    }
}

/// Where a simulated peer comes from.
public enum PeerAddress: Hashable, Sendable {
    /// A Unix socket.
    case unix
    /// Four bytes.
    case ipv4([UInt8], port: UInt16)
    /// Sixteen bytes, in network byte order.
    case ipv6([UInt8], port: UInt16)

    /// As the plugin gets it.
    var asStruct: martlet_address {
        var filled = martlet_address()
        filled.size = UInt32(MemoryLayout<martlet_address>.size)
        let (family, address, port): (martlet_family, [UInt8], UInt16) =
            switch self {
            case .unix: (MARTLET_FAMILY_UNIX, [], 0)
            case .ipv4(let address, let port): (MARTLET_FAMILY_IPV4, Array(address.prefix(4)), port)
            case .ipv6(let address, let port): (MARTLET_FAMILY_IPV6, Array(address.prefix(16)), port)
            }
        filled.family = family
        filled.port = port
        withUnsafeMutableBytes(of: &filled.address) { $0.copyBytes(from: address) }
        return filled
    }
}
