/// What an HTTP load found. `isClean` is the answer to "did a client notice anything?".
package struct HTTPReport: Codable, Equatable, Sendable {
    package var address: String
    package var connections: Int

    /// Requests whose answer came back whole, with status 200.
    package var requests: UInt64 = 0
    /// From the first request sent to the last event of the run.
    package var durationSeconds: Double = 0
    package var requestsPerSecond: Double = 0

    /// Connections that the server reset.
    package var resets: UInt64 = 0
    /// Connections that the server closed in order, after an answer or instead of one.
    package var closes: UInt64 = 0
    /// Requests that a reset or a close left without a whole answer. Each was sent again on a new connection, and its
    /// latency counts from the first time.
    package var lostRequests: UInt64 = 0
    /// Answers with another status, without a length, or with bytes behind them. They end their connection.
    package var wrongAnswers: UInt64 = 0
    /// Requests that had no answer within the answer timeout, on however many connections. They end theirs.
    package var timeouts: UInt64 = 0
    /// Connections that failed with any other error, or that could not be opened again.
    package var errors: UInt64 = 0
    /// The first failure in words; the rest are only counted.
    package var firstFailure: String?

    package var latency = LatencySummary()

    /// Nothing was lost, and the server ended no connection.
    package var isClean: Bool { resets == 0 && closes == 0 && isRight }
    /// All requests were answered rightly in the end, if not on the connection they began on.
    package var isRight: Bool { wrongAnswers == 0 && timeouts == 0 && errors == 0 }
}
