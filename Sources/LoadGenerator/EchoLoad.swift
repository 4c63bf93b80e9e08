import Synchronization
import TLSClient

/// Sends to an echo server on many connections and checks every byte that comes back.
///
///     let report = try EchoLoad(address: TargetAddress("127.0.0.1:7000"), ending: .after(.seconds(5))).run()
///
/// Everything happens on the thread that calls `run()`.
package struct EchoLoad: Sendable {
    package var address: TargetAddress
    package var connections = 64
    /// Bytes per message.
    package var messageSize = 64
    /// Messages in flight on each connection. The next message starts as soon as one has come back.
    package var depth = 1
    package var ending: Ending
    /// nil: the connections are not encrypted.
    package var tls: TLSClientSettings?
    /// The CPU the calling thread is pinned to, and stays pinned to; nil leaves it as it is.
    package var cpu: Int?
    package var seed: UInt64
    /// How long a connection that waits for bytes may make no progress, and how long connecting may take.
    package var answerTimeout: Duration = .seconds(5)

    package enum Ending: Sendable {
        case after(Duration)
        /// The total number, shared evenly between the connections.
        case messages(UInt64)
        case stopped(by: StopSignal)
    }

    package init(address: TargetAddress, ending: Ending, seed: UInt64 = .random(in: 0...(.max))) {
        self.address = address
        self.ending = ending
        self.seed = seed
    }

    /// Opens the connections, runs the load and waits for the missing bytes. A connection half-closes after its last byte; the
    /// server must return the rest and then close.
    ///
    /// Throws when the load cannot be set up, for example when a connection is refused. Later failures are counted in the report.
    package func run() throws(LoadError) -> EchoReport {
        try validate()
        if let cpu { try Processor.pinThisThread(to: cpu) }
        var run = try EchoRun(self)
        try run.openConnections()
        return try run.report()
    }

    private func validate() throws(LoadError) {
        for (what, value) in [("connections", connections), ("message size", messageSize), ("depth", depth)]
        where !(1...Int(Int32.max)).contains(value) {
            throw .invalid(what: what, expected: "1 to \(Int32.max)", found: "\(value)")
        }
    }
}

/// Stops a load from another thread.
package final class StopSignal: Sendable {
    private let flag = Atomic(false)

    package init() {}
    package func stop() { flag.store(true, ordering: .relaxed) }
    var isStopped: Bool { flag.load(ordering: .relaxed) }
}
