import CMartlet

/// Why an instance could not be made.
public enum SimulationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The descriptor is none that a host of this version takes.
    case descriptor(String)
    /// The options do not fit the plugin's schema.
    case option(path: String, String)
    /// `create` refused the options, for these reasons.
    case refused([Refusal], result: Int32)
    /// `loop_start` failed on this loop.
    case loopRefused(Int, result: Int32)

    /// An operation was not called, or has failed.
    case operation(String)

    /// A reason that the plugin gave with `refuse`.
    public struct Refusal: Equatable, Sendable {
        /// Such as `routes[1].root`; empty: no option in particular.
        public let path: String
        /// What was expected and what was found.
        public let message: String
    }

    public var description: String {
        switch self {
        case .descriptor(let problem): "descriptor: \(problem)"
        case .option(let path, let problem): "option \(path): \(problem)"
        case .refused(let refusals, let result):
            "create refused with \(resultName(result)): "
                + refusals.map { $0.path.isEmpty ? $0.message : "\($0.path): \($0.message)" }.joined(separator: "; ")
        case .operation(let problem): problem
        case .loopRefused(let loop, let result): "loop_start refused loop \(loop) with \(resultName(result))"
        }
    }
}

/// `MARTLET_ERROR_BUSY` as `BUSY`.
private func resultName(_ result: martlet_result) -> String {
    switch result {
    case MARTLET_OK: "OK"
    case MARTLET_FULL: "FULL"
    case MARTLET_ERROR_CLOSED: "CLOSED"
    case MARTLET_ERROR_ARGUMENT: "ARGUMENT"
    case MARTLET_ERROR_MEMORY: "MEMORY"
    case MARTLET_ERROR_BUSY: "BUSY"
    case MARTLET_ERROR_STOPPING: "STOPPING"
    case MARTLET_ERROR_UNSUPPORTED: "UNSUPPORTED"
    default: "\(result)"
    }
}
