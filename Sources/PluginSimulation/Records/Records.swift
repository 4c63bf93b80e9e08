/// A line that the plugin wrote to the host's log.
public struct LogRecord: Equatable, Sendable {
    /// `martlet_log_level`: 0 trace to 4 error.
    package let rawLevel: UInt32
    /// Without what the host adds.
    public let message: String

    package init(rawLevel: UInt32, message: String) {
        self.rawLevel = rawLevel
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
}
