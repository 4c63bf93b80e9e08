import Logging
import Synchronization

/// The least severe level that is logged. All copies of a logger read this one, so that a change reaches running plugins.
package final class SharedLogLevel: Sendable {
    /// From 0, in the order of severity.
    private let number: Atomic<UInt8>

    package init(_ level: Logger.Level) { number = Atomic(Self.number(of: level)) }

    package var value: Logger.Level {
        get { Self.level(number.load(ordering: .relaxed)) }
        set { number.store(Self.number(of: newValue), ordering: .relaxed) }
    }

    private static func number(of level: Logger.Level) -> UInt8 {
        switch level {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice: 3
        case .warning: 4
        case .error: 5
        case .critical: 6
        }
    }

    private static func level(_ number: UInt8) -> Logger.Level {
        switch number {
        case 0: .trace
        case 1: .debug
        case 2: .info
        case 3: .notice
        case 4: .warning
        case 5: .error
        default: .critical
        }
    }
}
