import CMartlet

/// An item that waits for a worker.
enum WorkItem: @unchecked Sendable {
    /// A plugin's function, the completion to call after it, and what it is and of which instance, for the watchdog.
    case work(
        martlet_work, context: UnsafeMutableRawPointer?, kind: CallbackKind, label: UInt32,
        completion: @Sendable () -> Void)
    /// A callback of a connection.
    case callback(ConnectionJob)

    var label: UInt32 {
        switch self {
        case .work(_, _, _, let label, _): label
        case .callback(let job): job.connection.links.pointee.binding.pointee.label
        }
    }

    var kind: CallbackKind {
        switch self {
        case .work(_, _, let kind, _, _): kind
        case .callback(let job): job.call.kind
        }
    }
}
