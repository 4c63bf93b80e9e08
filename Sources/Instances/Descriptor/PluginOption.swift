package struct PluginOption: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        case boolean, integer, number, text, duration, size, path, list, table
    }

    package var key: String
    package var kind: Kind
    package var help: String
    /// As it would be written in TOML.
    package var defaultValue: String?
    package var required: Bool
    /// The kind of a list's elements.
    package var element: Kind?
    /// The range of an integer, a size (bytes) or a duration (nanoseconds).
    package var minimum: Int64?
    package var maximum: Int64?
    package var choices: [String]
    /// The options in a table, or in the tables of a list.
    package var children: [PluginOption]
}
