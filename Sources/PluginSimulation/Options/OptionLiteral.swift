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

    /// What the user would call it.
    var kindName: String {
        switch self {
        case .boolean: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .text: "a text"
        case .duration: "a duration"
        case .list: "a list"
        case .table: "a table"
        }
    }
}
