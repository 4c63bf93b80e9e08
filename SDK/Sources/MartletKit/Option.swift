import CMartlet

/// One option that a plugin understands. The host checks a listener's `[options]` against these, fills in defaults,
/// and shows them with `martlet plugins show`.
public struct Option: Sendable {
    /// The type of an option. The host refuses a listener whose file has a value of another type.
    public indirect enum Kind: Sendable {
        /// `true` or `false`.
        case boolean
        /// A 64-bit integer in a range; nil: any integer.
        case integer(ClosedRange<Int64>? = nil)
        /// A number with or without a fraction.
        case number
        /// UTF-8; one of the choices, if there are any.
        case text(choices: [String] = [])
        /// Written `"30s"`, exact to the nanosecond; nil: any duration, also 0.
        case duration(ClosedRange<Duration>? = nil)
        /// Bytes, written `"64KiB"` or as a number; nil: any size.
        case size(ClosedRange<Int64>? = nil)
        /// Relative to the listener's file; the plugin gets the absolute path.
        case path
        /// Any number of values of the same kind.
        case list(of: Kind)
        /// A table of further options.
        case table([Option])
    }

    /// As written in the file; in snake case.
    public var key: String
    /// The type of the value.
    public var kind: Kind
    /// One line.
    public var help: String
    /// As written in TOML; nil: no default.
    public var defaultValue: String?
    /// The host refuses a file without it.
    public var isRequired: Bool

    /// - Parameters:
    ///   - key: as written in the file.
    ///   - kind: the type of the value.
    ///   - defaultValue: as written in TOML: `"\"30s\""`, `"true"`, `"[]"`; nil: no default.
    ///   - required: the host refuses a file without it.
    ///   - help: one line.
    public init(_ key: String, _ kind: Kind, default defaultValue: String? = nil, required: Bool = false, help: String)
    {
        self.key = key
        self.kind = kind
        self.defaultValue = defaultValue
        isRequired = required
        self.help = help
    }
}

/// Why an instance cannot be created from its options.
public struct OptionError: Error, Equatable, Sendable {
    /// Such as `routes[1].root`; empty: no option in particular.
    public var path: String
    /// What was expected and what was found; the host prints it after the place in the file.
    public var message: String
    /// The host has noted the reason already.
    var isTold = false

    /// - Parameters:
    ///   - path: such as `routes[1].root`, from `Options.pathOf`; empty: no option in particular.
    ///   - message: what was expected and what was found.
    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    /// A function of the host has failed, and the host has noted why.
    static var told: OptionError {
        var error = OptionError("", "the host refuses it")
        error.isTold = true
        return error
    }
}

extension OptionError: CustomStringConvertible {
    /// As the user reads it after the place in the file: `routes[1].root: no such directory "public"`.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
