/// Reads the default of an option, which is written as in TOML. Enough of TOML for defaults: scalars, basic and literal
/// strings, and lists of these; of tables only the empty one.
struct DefaultValue {
    private let text: String
    private let path: String
    private var rest: Substring

    init(_ text: String, path: String) {
        self.text = text
        self.path = path
        rest = text[...]
    }

    consuming func literal() throws(SimulationError) -> OptionLiteral {
        let value = try value()
        skipSpaces()
        guard rest.isEmpty else { throw unreadable() }
        return value
    }

    private mutating func value() throws(SimulationError) -> OptionLiteral {
        skipSpaces()
        switch rest.first {
        case "\"", "'": return .text(try string())
        case "[": return .list(try list())
        case "{":
            rest.removeFirst()
            skipSpaces()
            guard rest.popFirst() == "}" else { throw unreadable() }
            return .table([])
        default: return try scalar()
        }
    }

    private mutating func scalar() throws(SimulationError) -> OptionLiteral {
        let word = rest.prefix { !",] \t".contains($0) }
        rest.removeFirst(word.count)
        let digits = String(word.filter { $0 != "_" })
        switch digits {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        if let integer = Int64(digits) { return .integer(integer) }
        guard let number = Double(digits) else { throw unreadable() }
        return .number(number)
    }

    private mutating func string() throws(SimulationError) -> String {
        let quote = rest.removeFirst()
        var string = ""
        while let character = rest.popFirst() {
            if character == quote { return string }
            guard character == "\\", quote == "\"" else {
                string.append(character)
                continue
            }
            switch rest.popFirst() {
            case "n": string.append("\n")
            case "t": string.append("\t")
            case "r": string.append("\r")
            case "\\": string.append("\\")
            case "\"": string.append("\"")
            default: throw unreadable()
            }
        }
        throw unreadable()
    }

    private mutating func list() throws(SimulationError) -> [OptionLiteral] {
        rest.removeFirst()
        var values: [OptionLiteral] = []
        while true {
            skipSpaces()
            if rest.first == "]" { break }
            values.append(try value())
            skipSpaces()
            if rest.first == "," { rest.removeFirst() } else if rest.first != "]" { throw unreadable() }
        }
        rest.removeFirst()
        return values
    }

    private mutating func skipSpaces() {
        rest = rest.drop { $0 == " " || $0 == "\t" }
    }

    private func unreadable() -> SimulationError {
        .option(path: path, "its default is not a TOML value that this test host reads: \(text)")
    }
}
