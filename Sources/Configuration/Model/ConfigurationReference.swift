/// Every key of the two kinds of file, read off the schemas that also check them and hold their defaults.
package enum ConfigurationReference {
    package enum FileKind: String, Sendable, CaseIterable {
        case listener = "plugins.d/*.toml"
        case process = "martlet.toml"
    }

    package struct Entry: Sendable, Equatable {
        package var file: FileKind
        /// `socket` or `defaults.limits`; empty for the top level.
        package var table: String
        package var key: String
        package var type: String
        /// A TOML literal; nil when there is none.
        package var `default`: String?
        package var required: Bool
        /// `1 to 65535`; empty when the type alone decides.
        package var range: String
        package var help: String
    }

    package static let entries: [Entry] =
        entries(of: ListenerConfiguration.schema, .listener, table: .root)
        + entries(of: ProcessConfiguration.schema, .process, table: .root)

    private static func entries(of schema: OptionSchema, _ file: FileKind, table: ConfigurationKey) -> [Entry] {
        let tables = schema.options.flatMap { option -> [Entry] in
            guard case .table(let children) = option.type else { return [] }
            return entries(of: children, file, table: table.appending(option.key))
        }
        let keys = schema.options.compactMap { option -> Entry? in
            if case .table = option.type { return nil }
            return Entry(
                file: file, table: table.description, key: option.key,
                type: option.type == .anything ? "table" : option.type.name, default: option.default,
                required: option.required, range: option.range, help: option.help)
        }
        return keys + tables
    }
}
