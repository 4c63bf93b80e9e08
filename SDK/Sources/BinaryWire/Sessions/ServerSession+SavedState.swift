// The session as 32 bytes, for the host's `save` and `restore` when a swap moves a connection to a newer plugin. The
// layout is fixed and begins with its own number, because the two sides are different builds.

extension ServerSession {
    public static var savedBytes: Int { 32 }
    private static var savedLayout: UInt8 { 1 }

    /// Returns false when the output is smaller than `savedBytes`; nothing was written.
    public func save(into output: inout MutableRawSpan) -> Bool {
        guard output.byteCount >= Self.savedBytes else { return false }
        output.store(Self.savedLayout, at: 0)
        output.store(phase.rawValue, at: 1)
        output.store(version, at: 2)
        output.store(heartbeat.unanswered, at: 3)
        output.store(clientMaximumPayload, at: 4)
        output.store(settings.maximumPayload, at: 8)
        output.store(settings.heartbeatMilliseconds, at: 12)
        output.store(UInt32(settings.unansweredHeartbeats), at: 16)
        output.store(heartbeat.counter, at: 20)
        output.store(heartbeat.quietSinceMilliseconds, at: 24)
        return true
    }

    /// Returns nil when this build cannot continue from the state; leave the connection where it is.
    public init?(restoring bytes: RawSpan) {
        guard bytes.byteCount == Self.savedBytes, bytes.littleEndian(at: 0, as: UInt8.self) == Self.savedLayout,
            let phase = Phase(rawValue: bytes.littleEndian(at: 1, as: UInt8.self)),
            bytes.littleEndian(at: 2, as: UInt8.self) == ProtocolVersion.current,
            let unansweredHeartbeats = UInt8(exactly: bytes.littleEndian(at: 16, as: UInt32.self)),
            let settings = ServerSettings(
                maximumPayload: bytes.littleEndian(at: 8, as: UInt32.self),
                heartbeatMilliseconds: bytes.littleEndian(at: 12, as: UInt32.self),
                unansweredHeartbeats: unansweredHeartbeats)
        else { return nil }
        let clientMaximumPayload = bytes.littleEndian(at: 4, as: UInt32.self)
        guard WireLimits.allows(maximumPayload: clientMaximumPayload) else { return nil }
        self.init(settings: settings, nowMilliseconds: bytes.littleEndian(at: 24, as: UInt64.self))
        self.phase = phase
        self.clientMaximumPayload = clientMaximumPayload
        heartbeat.unanswered = bytes.littleEndian(at: 3, as: UInt8.self)
        heartbeat.counter = bytes.littleEndian(at: 20, as: UInt32.self)
    }
}
