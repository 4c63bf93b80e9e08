import TLSClient

/// Sends GET requests to an HTTP server on many connections that are kept open, one at a time on each, and checks that every
/// answer is complete. The report shows what a client notices of a reload: connections that the server closed, and the latency of
/// each request, including those that had to be sent again.
///
/// Everything happens on the thread that calls `run()`.
package struct HTTPLoad: Sendable {
    package var address: TargetAddress
    package var connections = 64
    package var ending: Ending
    /// nil: the connections are not encrypted.
    package var tls: TLSClientSettings?
    /// The CPU the calling thread is pinned to, and stays pinned to; nil leaves it as it is.
    package var cpu: Int?
    /// How long an answer, and connecting, may take.
    package var answerTimeout: Duration = .seconds(5)

    package enum Ending: Sendable {
        case after(Duration)
        /// The total number, shared evenly between the connections.
        case requests(UInt64)
    }

    package init(address: TargetAddress, ending: Ending) {
        self.address = address
        self.ending = ending
    }

    /// Opens the connections, runs the load and waits for the answers in flight.
    ///
    /// Throws when the load cannot be set up, for example when a connection is refused. Later failures are counted in the report.
    package func run() throws(LoadError) -> HTTPReport {
        guard (1...Int(Int32.max)).contains(connections) else {
            throw .invalid(what: "connections", expected: "1 to \(Int32.max)", found: "\(connections)")
        }
        if let cpu { try Processor.pinThisThread(to: cpu) }
        var run = try HTTPRun(self)
        try run.openConnections()
        return try run.report()
    }
}
