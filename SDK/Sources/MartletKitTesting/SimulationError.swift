import CMartlet
import Glibc

/// Why an instance could not be made, or an operation failed.
public enum SimulationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A server of this version would refuse the descriptor.
    case descriptor(String)
    /// The options do not fit the plugin's schema, or the listener's file is wrong; in the words of the server.
    case option(path: String, String)
    /// `create` refused the options, for these reasons.
    case refused([Refusal], result: Int32)
    /// `loop_start` failed on this loop.
    case loopRefused(Int, result: Int32)
    /// An operation was not called, or has failed.
    case operation(String)
    /// The library that contains the simulation was not found; where it was looked for.
    case library([String])

    /// A reason that the plugin gave with `refuse`.
    public struct Refusal: Equatable, Sendable {
        /// Such as `routes[1].root`; empty: no option in particular.
        public let path: String
        /// What was expected and what was found.
        public let message: String
    }

    init(_ error: martlet_simulation_error) {
        let faults = (0..<error.fault_count).map {
            Refusal(path: String(error.faults![$0].path), message: String(error.faults![$0].message))
        }
        switch error.failure {
        case MARTLET_SIMULATION_DESCRIPTOR: self = .descriptor(String(error.message))
        case MARTLET_SIMULATION_CREATE: self = .refused(faults, result: error.result)
        case MARTLET_SIMULATION_LOOP_START: self = .loopRefused(Int(error.loop), result: error.result)
        case MARTLET_SIMULATION_OPERATION: self = .operation(String(error.message))
        default:
            let path = faults.first?.path ?? ""
            let inner = path.hasPrefix("options.") ? String(path.dropFirst("options.".count)) : path
            self = .option(path: inner, faults.first?.message ?? String(error.message))
        }
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
        case .library(let problems):
            """
            no \(SimulationLibrary.name), which tests of plugins need: `swift build --product martlet_simulation` in a \
            checkout of Martlet makes it, and MARTLET_SIMULATION names one elsewhere. Looked for:
            """ + problems.map { "\n  " + $0 }.joined()
        }
    }
}

/// `MARTLET_ERROR_BUSY` as `BUSY`.
private func resultName(_ result: martlet_result) -> String {
    let names = [
        MARTLET_OK: "OK", MARTLET_FULL: "FULL", MARTLET_ERROR_CLOSED: "CLOSED", MARTLET_ERROR_ARGUMENT: "ARGUMENT",
        MARTLET_ERROR_MEMORY: "MEMORY", MARTLET_ERROR_BUSY: "BUSY", MARTLET_ERROR_STOPPING: "STOPPING",
        MARTLET_ERROR_UNSUPPORTED: "UNSUPPORTED", MARTLET_ERROR_PEER: "PEER",
    ]
    return names[result] ?? "\(result)"
}
