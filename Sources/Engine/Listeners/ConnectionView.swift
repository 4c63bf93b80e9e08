import Addresses

/// What the host knows of a connection.
package struct ConnectionView: Codable, Sendable, Equatable {
    package var id: UInt64
    /// `192.0.2.7:1234`, `[2001:db8::1]:1234`, or `unix`.
    package var peer: String
    package var ageSeconds: Double
    /// Since bytes last passed in either direction.
    package var idleSeconds: Double
    /// Such as `TLSv1.3`; empty: the connection is not encrypted, or a worker has it.
    package var security: String
    /// The user that it is; else whom its certificate names, by the rule of the listener. Empty: nobody.
    package var principal: String

    /// On the loop of the connection.
    init(_ connection: ConnectionPointer, at now: UInt64) {
        id = connection.id.rawValue
        peer = connection.pointee.peer.description
        ageSeconds = Double(now - min(connection.pointee.openedAt, now)) / 1_000
        let latest = max(connection.pointee.lastActivity, connection.pointee.lastWriteProgress)
        idleSeconds = Double(now - min(latest, now)) / 1_000
        // What a worker has, nobody else reads.
        let isHere = connection.pointee.place == .loop && connection.pointee.state.hasSession
        let transport = isHere ? connection.links.pointee.transport : nil
        let summary = transport?.pointee.summary(connection) ?? TransportSummary()
        security = summary.version
        principal = isHere ? connection.links.pointee.principal?.takeUnretainedValue().name ?? summary.principal : ""
    }
}

extension PeerAddress: CustomStringConvertible {
    /// `192.0.2.7:1234`, `[2001:db8::1]:1234`, or `unix`.
    package var description: String {
        let bytes = withUnsafeBytes(of: (high, low)) { Array($0) }
        switch family {
        case .ipv4: return "\(bytes.prefix(4).map(String.init).joined(separator: ".")):\(port)"
        case .ipv6: return "[\(IPv6Address(bytes: bytes)?.description ?? "::")]:\(port)"
        default: return "unix"
        }
    }
}
