extension OptionType {
    /// As it reads in the reference: `list of text`.
    package var name: String {
        switch self {
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .text: "text"
        case .duration: "duration"
        case .size: "size"
        case .path: "path"
        case .list(let element): "list of \(element.name)"
        case .table: "table"
        case .tables: "list of tables"
        case .textsOrTables: "text or list of text and tables"
        case .textOrTable: "text or table"
        case .namedTables: "table of tables"
        case .anything: "anything"
        }
    }

    /// As it reads after "expected" in a message.
    var expectation: String {
        switch self {
        case .boolean: "true or false"
        case .integer: "an integer"
        case .number: "a number"
        case .text: "a text"
        case .duration: "a duration such as \"30s\""
        case .size: "a size such as \"64KiB\""
        case .path: "a path"
        case .list(let element): "a list of \(element.plural)"
        case .table: "a table"
        case .tables: "a list of tables"
        case .textsOrTables: "a text or a list of texts or tables"
        case .textOrTable: "a text or a table"
        case .namedTables: "a table of tables"
        case .anything: "a value"
        }
    }

    private var plural: String {
        switch self {
        case .boolean: "booleans"
        case .text: "texts"
        case .anything: "values"
        case .list, .textsOrTables: "lists"
        case .table, .tables, .textOrTable, .namedTables: "tables"
        case .integer, .number, .duration, .size, .path: name + "s"
        }
    }

    /// A bound in the unit of the type.
    func render(bound: Int64) -> String {
        switch self {
        case .duration: DurationText.render(nanoseconds: bound)
        case .size: SizeText.render(bytes: bound)
        case .list(let element): element.render(bound: bound)
        default: "\(bound)"
        }
    }
}

extension OptionDescription {
    /// `1 to 65535`, `1s to 9h`, `text, json`; empty when everything of the type is allowed.
    package var range: String {
        switch (minimum, maximum) {
        case (let low?, let high?): "\(type.render(bound: low)) to \(type.render(bound: high))"
        case (let low?, nil): "at least \(type.render(bound: low))"
        case (nil, let high?): "at most \(type.render(bound: high))"
        case (nil, nil): choices.joined(separator: ", ")
        }
    }
}
