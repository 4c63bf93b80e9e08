import PluginABI

/// One call of a session, and what follows it.
enum SessionCall {
    enum AfterClosed {
        case release(reset: Bool)
        case linger
        /// The connection continues at another listener.
        case enter(Admission)
    }

    /// Of the transport: no callback of the plugin.
    case handshake
    case opened, received
    /// Gets and returns nothing.
    case signal(CallbackKind, SessionCallbacks.Signal)
    case delivery(Delivery)
    case closed(CloseReason, then: AfterClosed)

    var kind: CallbackKind {
        switch self {
        case .handshake: .handshake
        case .opened: .opened
        case .received: .received
        case .signal(let kind, _): kind
        case .delivery: .delivery
        case .closed: .closed
        }
    }
}
