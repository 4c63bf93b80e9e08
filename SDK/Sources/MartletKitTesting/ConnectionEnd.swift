import MartletKit
import PluginSimulation

/// How a connection ended.
public enum ConnectionEnd: Equatable, Sendable {
    /// `opened` refused it.
    case refused
    /// Normally: the peer got all output.
    case closed(CloseReason)
    /// With a reset: output that the peer had not read is lost.
    case reset(CloseReason)
    /// The session ended, and the plugin of another listener has the connection.
    case handedOver(to: String)
}

/// The parts of a simulated connection that use types of MartletKit.
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

    /// The id of the connection for `post` and `submit`.
    public var id: ConnectionID { ConnectionID(rawValue: rawID) }

    /// Closes the connection as the host does, for example with `.idleTimeout`.
    public func cut(_ reason: CloseReason) { cut(reason.rawValue) }
}
