import TLSClient
import Threads

/// Opens connections with TLS one after another and closes each as soon as the server has finished the handshake.
///
/// Everything happens on the thread that calls `run()`.
package struct HandshakeLoad: Sendable {
    package var address: TargetAddress
    package var tls: TLSClientSettings
    package var duration: Duration
    /// The CPU the calling thread is pinned to, and stays pinned to; nil leaves it as it is.
    package var cpu: Int?
    /// How long connecting, and a handshake, may take.
    package var answerTimeout: Duration = .seconds(5)

    package init(address: TargetAddress, tls: TLSClientSettings, duration: Duration) {
        (self.address, self.tls, self.duration) = (address, tls, duration)
    }

    /// Throws at the first connection that fails.
    package func run() throws(LoadError) -> HandshakeReport {
        if let cpu { try Processor.pinThisThread(to: cpu) }
        let context = try TLSClientContext.make(tls)
        let timeout = Int(clamping: answerTimeout.milliseconds)
        var report = HandshakeReport(address: address.description)
        var latencies = LatencyRecorder()
        let start = readMonotonicClock()
        let end = start.adding(saturating: duration.nanoseconds)
        var now = start
        repeat {
            let socket = try Socket(connectingTo: address, timeoutMilliseconds: timeout, tls: context)
            defer { socket.close() }
            try socket.stopBlocking()
            if socket.expectsTickets { try waitForTickets(socket, timeout) }
            report.handshakes += 1
            if socket.isResumed { report.resumed += 1 }
            let after = readMonotonicClock()
            latencies.record(after - now)
            now = after
        } while now < end
        report.durationSeconds = Double(now - start) / 1_000_000_000
        report.handshakesPerSecond = Double(report.handshakes) / report.durationSeconds
        report.latency = latencies.summary
        return report
    }

    /// The server sends tickets when it has read the end of the handshake. A socket that is closed before would be reset.
    private func waitForTickets(_ socket: Socket, _ timeout: Int) throws(LoadError) {
        guard socket.waitForInput(milliseconds: timeout) else {
            throw .timeout(doing: "wait for tickets of \(address)")
        }
        var room: [UInt8] = [0]
        switch socket.receive(into: &room) {
        case .wouldBlock, .count: return
        case .endOfStream: throw .tls("\(address) closed the connection after the handshake")
        case .failed(let code): throw .system(doing: "read from \(address)", code: code)
        }
    }
}
