/// The limits of one connection. Times are in milliseconds, 0 means no limit; sizes are in bytes.
package struct ConnectionBounds: Codable, Sendable, Equatable {
    package var handshakeTimeoutMilliseconds: UInt64 = 0
    package var firstByteTimeoutMilliseconds: UInt64 = 0
    package var idleTimeoutMilliseconds: UInt64 = 0
    package var requestTimeoutMilliseconds: UInt64 = 0
    /// The rate, in bytes per second, at which received bytes extend the deadline of a message; 0: they do not extend it.
    package var requestMinimumRate: UInt64 = 0
    package var writeTimeoutMilliseconds: UInt64 = 0
    package var lifetimeMilliseconds: UInt64 = 0
    /// How long a connection may wait until the request rate allows a request.
    package var requestWaitMilliseconds: UInt64 = 0
    /// At most `inputCeiling`.
    package var maximumInput: Int {
        didSet { maximumInput = min(maximumInput, Self.inputCeiling) }
    }
    package var outputHighWater: Int
    package var outputLowWater: Int

    /// Bytes above the high-water mark at which a plugin that still writes after FULL is stopped.
    package var outputOverrun = 16 << 20
    /// The most unconsumed input: the buffer for it is at most twice as large, and its size must fit into 32 bits.
    package static let inputCeiling = 1 << 30

    /// Without time-outs.
    package init(maximumInput: Int, outputHighWater: Int, outputLowWater: Int) {
        self.maximumInput = min(maximumInput, Self.inputCeiling)
        self.outputHighWater = outputHighWater
        self.outputLowWater = outputLowWater
    }
}
