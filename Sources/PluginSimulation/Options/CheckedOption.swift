import CMartlet

/// A value as the host gives it to `create`: of the type that the schema asks for, defaults filled in.
struct CheckedOption {
    var key: String
    var type: martlet_type
    var integer: Int64 = 0
    var number: Double = 0
    var text = ""
    /// Of a list or a table.
    var items: [CheckedOption] = []

    init(_ literal: OptionLiteral, as schema: OptionSchema, path: String) throws(SimulationError) {
        key = schema.key
        type = schema.type
        switch (schema.type, literal) {
        case (MARTLET_TYPE_BOOLEAN, .boolean(let value)): integer = value ? 1 : 0
        case (MARTLET_TYPE_INTEGER, .integer(let value)), (MARTLET_TYPE_SIZE, .integer(let value)): integer = value
        case (MARTLET_TYPE_NUMBER, .number(let value)): number = value
        case (MARTLET_TYPE_NUMBER, .integer(let value)): number = Double(value)
        case (MARTLET_TYPE_TEXT, .text(let value)), (MARTLET_TYPE_PATH, .text(let value)): text = value
        case (MARTLET_TYPE_DURATION, .duration(let value)): integer = value.wholeNanoseconds
        case (MARTLET_TYPE_DURATION, .text(let value)): integer = try Quantity.duration(value, path: path)
        case (MARTLET_TYPE_SIZE, .text(let value)): integer = try Quantity.size(value, path: path)
        case (MARTLET_TYPE_LIST, .list(let values)): try fill(values, schema.ofElements, path)
        case (MARTLET_TYPE_TABLE, .table(let members)):
            items = try Self.members(members, of: schema.children, path: path)
        default: throw .option(path: path, "cannot be \(literal.kindName)")
        }
        try check(schema, path)
    }

    private mutating func fill(
        _ values: [OptionLiteral], _ schema: OptionSchema, _ path: String
    ) throws(SimulationError) {
        for (index, value) in values.enumerated() {
            var item = try CheckedOption(value, as: schema, path: "\(path)[\(index)]")
            item.key = ""
            items.append(item)
        }
    }

    private func check(_ schema: OptionSchema, _ path: String) throws(SimulationError) {
        let hasRange = type == MARTLET_TYPE_INTEGER || type == MARTLET_TYPE_SIZE || type == MARTLET_TYPE_DURATION
        if hasRange, let range = schema.range, !range.contains(integer) {
            throw .option(path: path, "expected \(range.lowerBound) to \(range.upperBound), found \(integer)")
        }
        if type == MARTLET_TYPE_TEXT, !schema.choices.isEmpty, !schema.choices.contains(text) {
            throw .option(path: path, "expected one of \(schema.choices), found \"\(text)\"")
        }
    }

    /// The members of a table: those that are given, then the defaults of the others.
    static func members(
        _ given: [(key: String, value: OptionLiteral)], of schemas: [OptionSchema], path: String
    ) throws(SimulationError) -> [CheckedOption] {
        func pathOf(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
        var members: [CheckedOption] = []
        for (key, value) in given {
            guard let schema = schemas.first(where: { $0.key == key }) else {
                throw .option(path: pathOf(key), "the plugin has no such option")
            }
            members.append(try CheckedOption(value, as: schema, path: pathOf(key)))
        }
        for schema in schemas where !given.contains(where: { $0.key == schema.key }) {
            if let text = schema.defaultValue {
                let literal = try DefaultValue(text, path: pathOf(schema.key)).literal()
                members.append(try CheckedOption(literal, as: schema, path: pathOf(schema.key)))
            } else if schema.isRequired {
                throw .option(path: pathOf(schema.key), "is required")
            }
        }
        return members
    }
}
