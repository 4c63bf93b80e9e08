import Testing

/// How a plugin ends its process: a word of an order.
enum Death: String, Sendable {
    case segv, abort, overflow, heap, exit, kill, hang
    case quit = "_exit"
    /// Of code in Swift: an index out of range, an overflow of the stack.
    case index, fatal, stack

    /// The causes that a report may give.
    var causes: [String] {
        switch self {
        case .segv, .overflow, .stack: ["SIGSEGV"]
        case .abort, .heap: ["SIGABRT"]
        case .exit: ["exit status 3"]
        case .quit: ["exit status 4"]
        case .kill: ["SIGKILL"]
        case .hang: ["hang_timeout"]
        // Of a processor.
        case .index, .fatal: ["SIGILL", "SIGTRAP"]
        }
    }

    /// A part of the name of a function in the backtrace; nil: there is no backtrace.
    var function: String? {
        switch self {
        case .exit, .quit, .kill: nil
        case .overflow: "overflow"
        case .stack: "deepen"
        default: "die"
        }
    }
}

/// A callback, as reports name it, the thread that it runs on, and the ways in which the plugin dies there.
struct Deaths: Sendable, CustomTestStringConvertible {
    let callback: String
    let deaths: [Death]
    /// The beginning of its name.
    let thread: String

    init(_ callback: String, on thread: String = "loop-", _ deaths: Death...) {
        (self.callback, self.thread) = (callback, thread)
        // AddressSanitizer reports a damaged heap instead, and ThreadSanitizer lives on with one. It does not survive an overflow of the stack
        // long enough for a report.
        self.deaths = deaths.filter { ($0 != .heap || !Sanitizer.isOn) && ($0 != .stack || Sanitizer.name != "thread") }
    }

    /// What a peer sends so that the host makes the call.
    var line: String { callback == "tick" && thread == "worker-" ? "tick on a worker" : callback }

    var testDescription: String { "\(callback): \(deaths.map(\.rawValue).joined(separator: ", "))" }
}
