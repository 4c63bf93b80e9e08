/// Checks a table against its schema in one pass. Problems are collected, not thrown: a file is reported as a whole.
struct OptionValidator {
    let schema: OptionSchema
    let root: ConfigurationKey
    let file: String
    let folder: String
    /// Reads the defaults that are not plain. Nil adds no defaults, for tables that are layered over others.
    let defaults: TOMLParser?
    private(set) var diagnostics: [Diagnostic] = []

    init(schema: OptionSchema, root: ConfigurationKey, file: String, folder: String, defaults: TOMLParser?) {
        self.schema = schema
        self.root = root
        self.file = file
        self.folder = folder
        self.defaults = defaults
    }

    mutating func validate(_ table: ConfigurationTable) -> ConfigurationTable {
        validate(table, schema, at: root)
    }

    mutating func report(_ message: String, at key: ConfigurationKey, _ position: Position) {
        diagnostics.append(Diagnostic(file: file, position: position, key: key, message: message))
    }

    mutating func validate(
        _ table: ConfigurationTable, _ schema: OptionSchema, at key: ConfigurationKey
    ) -> ConfigurationTable {
        for member in table.members where schema[member.key] == nil {
            let message = unknownKeyMessage(member.key, in: key, schema)
            report(message, at: key.appending(member.key), member.value.position)
        }
        let members = schema.options.compactMap { option -> ConfigurationTable.Member? in
            let value =
                if let found = table[option.key] {
                    convert(found, option, option.type, at: key.appending(option.key))
                } else {
                    absentValue(of: option, at: key.appending(option.key), position: table.position)
                }
            return value.map { ConfigurationTable.Member(key: option.key, value: $0) }
        }
        return ConfigurationTable(members, at: table.position)
    }

    /// The value of an option that the file does not mention.
    private mutating func absentValue(
        of option: OptionDescription, at key: ConfigurationKey, position: Position
    ) -> ConfigurationValue? {
        if option.required {
            report("required, but missing; expected \(option.type.expectation)", at: key, position)
            return nil
        }
        guard let defaults else { return nil }
        if option.default != nil { return defaultValue(of: option, defaults, at: key, position: position) }
        switch option.type {
        case .table(let children) where !children.options.contains(where: \.required):
            let empty = ConfigurationTable(at: position)
            return ConfigurationValue(.table(validate(empty, children, at: key)), at: position)
        case .tables: return ConfigurationValue(.list([]), at: position)
        default: return nil
        }
    }

    mutating func defaultValue(
        of option: OptionDescription, _ parser: TOMLParser, at key: ConfigurationKey, position: Position
    ) -> ConfigurationValue? {
        let literal = option.default ?? ""
        guard var value = DefaultLiteral.value(of: literal, parser: parser) else {
            report("the plugin's default \(quoted(literal)) is not a TOML value", at: key, position)
            return nil
        }
        value.position = position
        let before = diagnostics.count
        let result = convert(value, option, option.type, at: key)
        for index in before..<diagnostics.count {
            diagnostics[index].position = position
            diagnostics[index].message = "the plugin's default is wrong: " + diagnostics[index].message
        }
        return result
    }
}
