/// A value of a file with the place it came from. Two values are equal when their content is: moving a line or
/// adding a comment is not a change of configuration.
package struct ConfigurationValue: Sendable {
    package indirect enum Content: Sendable, Equatable {
        case boolean(Bool)
        case integer(Int64)
        case number(Double)
        case text(String)
        case list([ConfigurationValue])
        case table(ConfigurationTable)
        /// Any TOML date or time. Kept only so that the message can say what was found; no option may be a date.
        case date
    }

    package var content: Content
    /// For a member of a table, the position of its key; for an element of a list, its own.
    package var position: Position

    package init(_ content: Content, at position: Position = .start) {
        self.content = content
        self.position = position
    }
}

extension ConfigurationValue: Equatable {
    package static func == (left: ConfigurationValue, right: ConfigurationValue) -> Bool {
        left.content == right.content
    }
}

extension ConfigurationValue {
    package var boolean: Bool? { if case .boolean(let value) = content { value } else { nil } }
    package var integer: Int64? { if case .integer(let value) = content { value } else { nil } }
    package var number: Double? { if case .number(let value) = content { value } else { nil } }
    package var text: String? { if case .text(let value) = content { value } else { nil } }
    package var list: [ConfigurationValue]? { if case .list(let value) = content { value } else { nil } }
    package var table: ConfigurationTable? { if case .table(let value) = content { value } else { nil } }
}

extension ConfigurationValue.Content {
    /// As it reads after "found" in a message.
    package var summary: String {
        switch self {
        case .boolean(let value): "the boolean \(value)"
        case .integer(let value): "the integer \(value)"
        case .number(let value): "the number \(value)"
        case .text(let value): "the text \(quoted(value))"
        case .list: "a list"
        case .table: "a table"
        case .date: "a date or time"
        }
    }
}
