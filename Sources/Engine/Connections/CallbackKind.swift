/// The functions of a plugin that the host calls, and their names in logs.
package enum CallbackKind: UInt8, Sendable {
    case opened = 1
    case received, writable, timer, peerClosed, draining, closed, delivery, save, restore, moved, loopStart, loopStop,
        work, operation, release, create, destroy, tick, saveState, restoreState, stateMoved

    /// As in martlet.h.
    package var name: String {
        switch self {
        case .opened: "opened"
        case .received: "received"
        case .writable: "writable"
        case .timer: "timer"
        case .peerClosed: "peer_closed"
        case .draining: "draining"
        case .closed: "closed"
        case .delivery: "delivery"
        case .save: "save"
        case .restore: "restore"
        case .moved: "moved"
        case .loopStart: "loop_start"
        case .loopStop: "loop_stop"
        case .work: "work"
        case .operation: "operation"
        case .release: "release"
        case .create: "create"
        case .destroy: "destroy"
        case .tick: "tick"
        case .saveState: "save of the instance"
        case .restoreState: "restore of the instance"
        case .stateMoved: "moved of the instance"
        }
    }
}
