/// What a simulated host holds its connections to. Sizes are bytes.
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
