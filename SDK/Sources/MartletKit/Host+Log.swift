import CMartlet

/// Lines for the host's log, which adds listener, plugin and generation. If a level is off, a line costs one call of the host and no
/// allocation: its text is not evaluated.
extension Host {
    /// Writes a line. [any]
    @inlinable
    public func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        guard isLogged(level) else { return }
        writeLog(level, message())
    }

    /// Logs a step that a developer traces. [any]
    @inlinable
    public func trace(_ message: @autoclosure () -> String) { log(.trace, message()) }

    /// Logs something that helps to find a bug. [any]
    @inlinable
    public func debug(_ message: @autoclosure () -> String) { log(.debug, message()) }

    /// Logs something that an operator may want to know. [any]
    @inlinable
    public func info(_ message: @autoclosure () -> String) { log(.info, message()) }

    /// Logs something that an operator should look at. [any]
    @inlinable
    public func warning(_ message: @autoclosure () -> String) { log(.warning, message()) }

    /// Logs a failure. [any]
    @inlinable
    public func error(_ message: @autoclosure () -> String) { log(.error, message()) }

    /// Whether lines of this level are kept. Check it before you format a message that needs more than one expression. [any]
    @inlinable
    public func isLogged(_ level: LogLevel) -> Bool { table.pointee.log_enabled(instance, level.rawValue) != 0 }

    @usableFromInline
    @inline(never)
    func writeLog(_ level: LogLevel, _ message: String) {
        withText(message) { table.pointee.log(instance, level.rawValue, $0) }
    }
}

extension Connection {
    /// Writes a line to the host's log, as `Host.log` does. The line does not name the connection: add `peer` or `id`.
    @inlinable
    public func log(_ level: LogLevel, _ message: @autoclosure () -> String) { services.log(level, message()) }
}

/// The severity of a log line: `martlet_log_level`.
public struct LogLevel: RawRepresentable, Equatable, Comparable, Sendable {
    /// 0 trace to 4 error.
    public let rawValue: UInt32
    /// - Parameter rawValue: 0 trace to 4 error.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Steps that a developer traces.
    @inlinable public static var trace: LogLevel { LogLevel(rawValue: 0) }
    /// Lines that help to find a bug.
    @inlinable public static var debug: LogLevel { LogLevel(rawValue: 1) }
    /// Lines that an operator may want to know.
    @inlinable public static var info: LogLevel { LogLevel(rawValue: 2) }
    /// Lines that an operator should look at.
    @inlinable public static var warning: LogLevel { LogLevel(rawValue: 3) }
    /// Failures.
    @inlinable public static var error: LogLevel { LogLevel(rawValue: 4) }

    /// A less severe level is smaller.
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
