import MartletKit
import PluginSimulation

/// How a connection ended.
public enum ConnectionEnd: Equatable, Sendable {
    /// `opened` did not take it.
    case refused
    /// In order: the peer got all that was written.
    case closed(CloseReason)
    /// With a reset: what the peer had not read is lost.
    case reset(CloseReason)
    /// The session ended, and the plugin of another listener has the connection.
    case handedOver(to: String)
}

/// What of a simulated connection is said in MartletKit's words.
extension SimulatedConnection {
    /// nil while the connection is open.
    public var end: ConnectionEnd? {
        switch outcome {
        case nil: nil
        case .refused: .refused
        case .closed(let reason): .closed(CloseReason(rawValue: reason))
        case .reset(let reason): .reset(CloseReason(rawValue: reason))
        case .handedOver(let listener): .handedOver(to: listener)
        }
    }

    /// Names the connection for `post` and `submit`.
    public var id: ConnectionID { ConnectionID(rawValue: rawID) }

    /// The host ends the connection, such as with `.idleTimeout`.
    public func cut(_ reason: CloseReason) { cut(reason.rawValue) }
}
