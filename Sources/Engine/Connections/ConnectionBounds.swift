/// What one connection may take. Times are milliseconds, 0 means no limit; sizes are bytes.
package struct ConnectionBounds: Sendable, Equatable {
    package var handshakeTimeoutMilliseconds: UInt64 = 0
    package var firstByteTimeoutMilliseconds: UInt64 = 0
    package var idleTimeoutMilliseconds: UInt64 = 0
    package var requestTimeoutMilliseconds: UInt64 = 0
    /// Bytes a second that give a message more time; 0: they give none.
    package var requestMinimumRate: UInt64 = 0
    package var writeTimeoutMilliseconds: UInt64 = 0
    package var lifetimeMilliseconds: UInt64 = 0
    /// How long a connection waits for its turn by the request rate.
    package var requestWaitMilliseconds: UInt64 = 0
    package var maximumInput: Int
    package var outputHighWater: Int
    package var outputLowWater: Int

    /// A plugin that goes on writing after FULL is stopped here: output above the high-water mark.
    package static let outputOverrun = 16 << 20

    /// Without time-outs.
    package init(maximumInput: Int, outputHighWater: Int, outputLowWater: Int) {
        self.maximumInput = maximumInput
        self.outputHighWater = outputHighWater
        self.outputLowWater = outputLowWater
    }
}
