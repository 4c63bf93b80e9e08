/// What an echo load found. `isClean` is the answer to "was any byte lost or altered?".
package struct EchoReport: Codable, Equatable, Sendable {
    package var address: String
    package var connections: Int
    package var messageSize: Int
    package var depth: Int
    /// Repeats the run byte for byte.
    package var seed: UInt64

    /// Messages that came back whole and right.
    package var messages: UInt64 = 0
    /// Bytes that came back and were right.
    package var bytes: UInt64 = 0
    /// From the first message sent to the last event of the run.
    package var durationSeconds: Double = 0
    package var messagesPerSecond: Double = 0

    /// Connections on which a byte came back that was not the one sent there, or more bytes than were sent. Each
    /// counter counts a connection once: what fails first ends it.
    package var mismatches: UInt64 = 0
    /// Connections the server closed in order while it still owed bytes.
    package var truncations: UInt64 = 0
    package var resets: UInt64 = 0
    /// Connections on which nothing moved for the answer timeout: a missing echo, or no close after ours.
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
