import CMartlet

/// Lines for the host's log, which adds listener, plugin and generation. A line whose level is off is not put together: it
/// costs one call of the host, no allocation, and its text is not evaluated.
extension Host {
    /// Writes a line. [any]
    @inlinable
    public func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard isLogged(level) else { return }
        writeLog(level, message())
    }

    /// What a developer follows step by step. [any]
    @inlinable
    public func trace(_ message: @autoclosure () -> String) { log(.trace, message()) }

    /// What helps to find a fault. [any]
    @inlinable
    public func debug(_ message: @autoclosure () -> String) { log(.debug, message()) }

    /// What an operator may want to know. [any]
    @inlinable
    public func info(_ message: @autoclosure () -> String) { log(.info, message()) }

    /// What an operator should look at. [any]
    @inlinable
    public func warning(_ message: @autoclosure () -> String) { log(.warning, message()) }

    /// What failed. [any]
    @inlinable
    public func error(_ message: @autoclosure () -> String) { log(.error, message()) }

    /// Whether lines of this level are kept, for what takes more than one expression to put together. [any]
    @inlinable
    public func isLogged(_ level: LogLevel) -> Bool { table.pointee.log_enabled(instance, level.rawValue) != 0 }

    @usableFromInline
    @inline(never)
    func writeLog(_ level: LogLevel, _ message: String) {
        withText(message) { table.pointee.log(instance, level.rawValue, $0) }
    }
}

extension Connection {
    /// Writes a line to the host's log, as `Host.log` does. It does not say which connection: `peer` and `id` do.
    @inlinable
    public func log(_ level: LogLevel, _ message: @autoclosure () -> String) { services.log(level, message()) }
}

/// How much a line of the log matters: `martlet_log_level`.
public struct LogLevel: RawRepresentable, Equatable, Comparable, Sendable {
    /// 0 trace to 4 error.
    public let rawValue: UInt32
    /// - Parameter rawValue: 0 trace to 4 error.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// What a developer follows step by step.
    @inlinable public static var trace: LogLevel { LogLevel(rawValue: 0) }
    /// What helps to find a fault.
    @inlinable public static var debug: LogLevel { LogLevel(rawValue: 1) }
    /// What an operator may want to know.
    @inlinable public static var info: LogLevel { LogLevel(rawValue: 2) }
    /// What an operator should look at.
    @inlinable public static var warning: LogLevel { LogLevel(rawValue: 3) }
    /// What failed.
    @inlinable public static var error: LogLevel { LogLevel(rawValue: 4) }

    /// What matters less is smaller.
    @inlinable public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

extension LogLevel: CustomStringConvertible {
    /// `trace` to `error`.
    public var description: String {
        switch rawValue {
        case 0: "trace"
        case 1: "debug"
        case 2: "info"
        case 3: "warning"
        case 4: "error"
        default: "log level \(rawValue)"
        }
    }
}
