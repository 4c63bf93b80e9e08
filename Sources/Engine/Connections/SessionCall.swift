import CMartlet
import Synchronization

/// One call of a session, and what follows it.
enum SessionCall {
    enum AfterClosed {
        case release(reset: Bool)
        case linger
        /// The connection continues at another listener.
        case enter(Admission)
    }

    case opened, received, writable, timer, peerClosed, draining
    case delivery(Delivery)
    case closed(CloseReason, then: AfterClosed)

    var kind: CallbackKind {
        switch self {
        case .opened: .opened
        case .received: .received
        case .writable: .writable
        case .timer: .timer
        case .peerClosed: .peerClosed
        case .draining: .draining
        case .delivery: .delivery
        case .closed: .closed
        }
    }
}
