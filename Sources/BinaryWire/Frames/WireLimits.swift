/// The limits of docs/binary-protocol.md, section 3. Every length is checked against them before anyone allocates memory for it.
package enum WireLimits {
    package static var headerBytes: Int { 24 }
    /// Every peer accepts payloads of this size, so they may be sent before the other side's limit is known.
    package static var smallestMaximumPayload: Int { 4_096 }
    package static var largestMaximumPayload: Int { 16_777_216 }
    /// One value of the largest size, its key and the fields around them.
    package static var defaultMaximumPayload: Int { 1_052_672 }
    /// Larger than any hello of today, so that a later version can add fields.
    package static var helloPayload: Int { 1_024 }
    package static var nameBytes: Int { 64 }
    package static var pingPayload: Int { 64 }
    package static var keyBytes: Int { 512 }
    package static var valueBytes: Int { 1_048_576 }
    package static var scanEntries: Int { 10_000 }
    package static var textBytes: Int { 512 }
    package static var shortestHeartbeatMilliseconds: Int { 100 }
}

/// The version of the frames this module writes and reads.
package enum ProtocolVersion {
    package static var current: UInt8 { 1 }
}
