/// Sends GET requests to an HTTP server on many connections that are kept open, one at a time on each, and checks that
/// every answer is whole. What a client notices of a reload is in the report: connections that the server ended, and
/// the latency of each request, those that had to be sent again included.
///
/// Everything happens on the thread that calls `run()`.
package struct HTTPLoad: Sendable {
    package var address: TargetAddress
    package var connections = 64
    package var ending: Ending
    /// The CPU the calling thread is pinned to, and stays pinned to; nil leaves it as it is.
    package var cpu: Int?
    /// How long an answer, and connecting, may take.
    package var answerTimeout: Duration = .seconds(5)

    package enum Ending: Sendable {
        case after(Duration)
        /// In all, shared evenly between the connections.
        case requests(UInt64)
    }

    package init(address: TargetAddress, ending: Ending) {
        self.address = address
        self.ending = ending
    }

    /// Opens the connections, runs the load and waits for the answers under way.
    ///
    /// Throws when the load cannot be set up, such as a connection that is refused; what happens after that is
    /// counted in the report.
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
