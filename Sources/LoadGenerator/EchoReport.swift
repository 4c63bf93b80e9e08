/// The result of an echo load. `isClean` is false when any byte was lost or altered, or a connection failed.
package struct EchoReport: Codable, Equatable, Sendable {
    package var address: String
    package var connections: Int
    package var messageSize: Int
    package var depth: Int
    /// A run with the same seed sends the same bytes.
    package var seed: UInt64

    /// Messages that came back complete and unaltered.
    package var messages: UInt64 = 0
    /// Bytes that came back unaltered.
    package var bytes: UInt64 = 0
    /// From the first message sent to the last event of the run.
    package var durationSeconds: Double = 0
    package var messagesPerSecond: Double = 0

    /// Connections on which a different byte came back than was sent, or more bytes than were sent. Each counter counts a
    /// connection once, because its first failure ends it.
    package var mismatches: UInt64 = 0
    /// Connections that the server closed normally while bytes were missing.
    package var truncations: UInt64 = 0
    package var resets: UInt64 = 0
    /// Connections that made no progress within the answer timeout: an echo was missing, or the server did not close after our
    /// half-close.
    package var timeouts: UInt64 = 0
    /// Connections that failed with any other error.
    package var errors: UInt64 = 0
    /// Bytes sent that had not come back when their connection was truncated, reset, timed out or failed.
    package var missingBytes: UInt64 = 0
    /// The first failure in words; the rest are only counted.
    package var firstFailure: String?

    package var latency = LatencySummary()

    package var isClean: Bool { mismatches == 0 && truncations == 0 && resets == 0 && timeouts == 0 && errors == 0 }
}
