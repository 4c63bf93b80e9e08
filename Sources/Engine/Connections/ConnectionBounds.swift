/// What one connection may take. Times are milliseconds, 0 means no limit; sizes are bytes.
package struct ConnectionBounds: Sendable, Equatable {
    package var idleTimeoutMilliseconds: UInt64
    package var writeTimeoutMilliseconds: UInt64
    package var maximumInput: Int
    package var outputHighWater: Int
    package var outputLowWater: Int

    /// A plugin that goes on writing after FULL is stopped here: output above the high-water mark.
    package static let outputOverrun = 16 << 20

    package init(
        idleTimeoutMilliseconds: UInt64, writeTimeoutMilliseconds: UInt64, maximumInput: Int, outputHighWater: Int,
        outputLowWater: Int
    ) {
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.writeTimeoutMilliseconds = writeTimeoutMilliseconds
        self.maximumInput = maximumInput
        self.outputHighWater = outputHighWater
        self.outputLowWater = outputLowWater
    }
}
