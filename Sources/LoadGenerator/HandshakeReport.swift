/// The result of a load of handshakes.
package struct HandshakeReport: Codable, Equatable, Sendable {
    package var address: String
    package var handshakes: UInt64 = 0
    /// Those that continued an earlier session.
    package var resumed: UInt64 = 0
    package var durationSeconds: Double = 0
    package var handshakesPerSecond: Double = 0
    /// From before the connection to the tickets.
    package var latency = LatencySummary()

    package init(address: String) { self.address = address }
}
