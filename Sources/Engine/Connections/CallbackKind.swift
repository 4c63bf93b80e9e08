/// The functions of a plugin that the host calls, and their names in logs.
package enum CallbackKind: UInt8, Sendable {
    case opened = 1
    case received, writable, timer, peerClosed, draining, closed, delivery, save, restore, moved, loopStart, loopStop,
        work, operation, release, create, destroy, tick, saveState, restoreState, stateMoved, handshake, transact

    /// As in martlet.h.
    package var name: String {
        switch self {
        case .peerClosed: "peer_closed"
        case .loopStart: "loop_start"
        case .loopStop: "loop_stop"
        case .saveState: "save of the instance"
        case .restoreState: "restore of the instance"
        case .stateMoved: "moved of the instance"
        default: "\(self)"
        }
    }
}
