import CMartlet

/// An item that waits for a worker.
enum WorkItem: @unchecked Sendable {
    /// A plugin's function, the completion to call after it, and the label that names the instance for the watchdog.
    case work(martlet_work, context: UnsafeMutableRawPointer?, label: UInt32, completion: @Sendable () -> Void)
    /// A callback of a connection.
    case callback(ConnectionJob)

    var label: UInt32 {
        switch self {
        case .work(_, _, let label, _): label
        case .callback(let job): job.connection.links.pointee.binding.pointee.label
        }
    }

    var kind: CallbackKind {
        switch self {
        case .work: .work
        case .callback(let job): job.call.kind
        }
    }
}
