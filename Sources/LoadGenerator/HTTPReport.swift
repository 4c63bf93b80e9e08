/// The result of an HTTP load. `isClean` is true when a client noticed nothing.
package struct HTTPReport: Codable, Equatable, Sendable {
    package var address: String
    package var connections: Int

    /// Requests with a complete answer of status 200.
    package var requests: UInt64 = 0
    /// From the first request sent to the last event of the run.
    package var durationSeconds: Double = 0
    package var requestsPerSecond: Double = 0

    /// Connections that the server reset.
    package var resets: UInt64 = 0
    /// Connections that the server closed normally, after an answer or instead of one.
    package var closes: UInt64 = 0
    /// Requests that a reset or a close left without a complete answer. Each was sent again on a new connection, and its latency
    /// counts from the first attempt.
    package var lostRequests: UInt64 = 0
    /// Answers with another status, without a length, or with bytes after them. Each ends its connection.
    package var wrongAnswers: UInt64 = 0
    /// Requests without an answer within the answer timeout, including new attempts on other connections. Each ends its
    /// connection.
    package var timeouts: UInt64 = 0
    /// Connections that failed with any other error, or that could not be opened again.
    package var errors: UInt64 = 0
    /// The first failure in words; the rest are only counted.
    package var firstFailure: String?

    package var latency = LatencySummary()

    /// Nothing was lost, and the server closed no connection.
    package var isClean: Bool { resets == 0 && closes == 0 && isRight }
    /// All requests got a correct answer in the end, though not always on the connection that they began on.
    package var isRight: Bool { wrongAnswers == 0 && timeouts == 0 && errors == 0 }
}
