/// A value of a listener's `[options]`, written as a Swift literal:
///
///     ["root": "/srv", "max_body": 4_096, "idle": "30s", "routes": [["path": "/", "index": true]]]
///
/// Durations and sizes are written as in TOML (`"30s"`, `"64KiB"`), as the plugin's schema asks for them; sizes also as
/// a number of bytes, durations also as `.duration(.seconds(30))`.
public indirect enum OptionLiteral: Sendable {
    /// `true`
    case boolean(Bool)
    /// `7`, also a number, or the bytes of a size.
    case integer(Int64)
    /// `0.5`
    case number(Double)
    /// `"text"`, also a path, a duration or a size.
    case text(String)
    /// What has no literal of its own.
    case duration(Duration)
    /// `["a", "b"]`
    case list([OptionLiteral])
    /// `["key": "value"]`, in the order of the file.
    case table([(key: String, value: OptionLiteral)])
}

extension OptionLiteral: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(arrayLiteral elements: OptionLiteral...) { self = .list(elements) }
    public init(dictionaryLiteral elements: (String, OptionLiteral)...) {
        self = .table(elements.map { (key: $0.0, value: $0.1) })
    }
}

extension OptionLiteral {
    /// A listener's file with these options.
    func listenerFile(hasUsers: Bool) throws(SimulationError) -> String {
        guard case .table(let members) = self else { throw .option(path: "", "the options are not a table") }
        return (hasUsers ? "users = \"users\"\n" : "") + "[options]\n"
            + members.map { "\(Self.quoted($0.key)) = \($0.value.toml)\n" }.joined()
    }

    private var toml: String {
        switch self {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): Self.quoted(text)
        case .duration(let duration): Self.quoted(Self.text(of: duration))
        case .list(let values): "[" + values.map(\.toml).joined(separator: ", ") + "]"
        case .table(let members):
            "{" + members.map { "\(Self.quoted($0.key)) = \($0.value.toml)" }.joined(separator: ", ") + "}"
        }
    }

    /// A file has no unit below a millisecond; the server says so.
    private static func text(of duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let (milliseconds, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        guard rest == 0 else { return "\(duration)" }
        return milliseconds == 0 ? "\(seconds)s" : "\(seconds * 1_000 + milliseconds)ms"
    }

    /// A basic string: https://toml.io/en/v1.0.0#string
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
