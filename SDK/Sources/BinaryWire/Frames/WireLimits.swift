/// The limits of docs/binary-protocol.md, section 3. Every length is checked against them before anyone allocates memory for it.
public enum WireLimits {
    public static var headerBytes: Int { 24 }
    /// Every peer accepts payloads of this size, so they may be sent before the other side's limit is known.
    public static var smallestMaximumPayload: Int { 4_096 }
    public static var largestMaximumPayload: Int { 16_777_216 }
    /// One value of the largest size, its key and the fields around them.
    public static var defaultMaximumPayload: Int { 1_052_672 }
    /// Larger than any hello of today, so that a later version can add fields.
    public static var helloPayload: Int { 1_024 }
    public static var nameBytes: Int { 64 }
    public static var pingPayload: Int { 64 }
    public static var keyBytes: Int { 512 }
    public static var valueBytes: Int { 1_048_576 }
    /// A message of a client or server that authenticates.
    public static var authenticationBytes: Int { 2_048 }
    public static var userNameBytes: Int { 255 }
    public static var scanEntries: Int { 10_000 }
    public static var batchWrites: Int { 1_000 }
    public static var watchesPerConnection: Int { 1_000 }
    /// Ten years of 365 days.
    public static var longestTimeToLiveMilliseconds: Int { 315_360_000_000 }
    public static var textBytes: Int { 512 }
    public static var shortestHeartbeatMilliseconds: Int { 100 }
}

/// The version of the frames this module writes and reads.
public enum ProtocolVersion {
    public static var current: UInt8 { 1 }
}
