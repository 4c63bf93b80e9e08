import CMartlet

/// One option that a plugin understands. The host checks a listener's `[options]` against these, fills in defaults,
/// and shows them with `martlet plugins show`.
public struct Option: Sendable {
    public indirect enum Kind: Sendable {
        case boolean
        case integer(ClosedRange<Int64>? = nil)
        case number
        case text(choices: [String] = [])
        /// Written `"30s"`.
        case duration(ClosedRange<Duration>? = nil)
        /// Written `"64KiB"`.
        case size(ClosedRange<Int64>? = nil)
        /// Relative to the listener's file.
        case path
        case list(of: Kind)
        case table([Option])
    }

    public var key: String
    public var kind: Kind
    /// One line.
    public var help: String
    /// As it would be written in TOML; nil: none.
    public var defaultValue: String?
    public var isRequired: Bool

    /// - Parameter defaultValue: as it would be written in TOML: `"\"30s\""`, `"true"`, `"[]"`.
    public init(_ key: String, _ kind: Kind, default defaultValue: String? = nil, required: Bool = false, help: String)
    {
        self.key = key
        self.kind = kind
        self.defaultValue = defaultValue
        isRequired = required
        self.help = help
    }
}

/// Why an instance cannot be made from its options.
public struct OptionError: Error, Equatable, Sendable {
    /// Such as `routes[1].root`; empty: no option in particular.
    public var path: String
    public var message: String

    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}

extension OptionError: CustomStringConvertible {
    /// As the user reads it behind the place in the file: `routes[1].root: no such directory "public"`.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
