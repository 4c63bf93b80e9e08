/// Every key of the two kinds of file, from the schemas that also check the files and contain the defaults.
package enum ConfigurationReference {
    package enum FileKind: String, Sendable, CaseIterable {
        case listener = "plugins.d/*.toml"
        case process = "martlet.toml"
    }

    package struct Entry: Sendable, Equatable {
        package var file: FileKind
        /// `socket` or `defaults.limits`; empty for the top level.
        package var table: String
        /// The table is an element of a list: `[[listen]]`.
        package var isInList: Bool
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

    private static func entries(
        of schema: OptionSchema, _ file: FileKind, table: ConfigurationKey, isInList: Bool = false
    ) -> [Entry] {
        let tables = schema.options.flatMap { option -> [Entry] in
            let key = table.appending(option.key)
            switch option.type {
            case .table(let children), .textOrTable(let children): return entries(of: children, file, table: key)
            case .namedTables(let children): return entries(of: children, file, table: key.appending("NAME"))
            case .textsOrTables(let children), .tables(let children):
                return entries(of: children, file, table: key, isInList: true)
            default: return []
            }
        }
        let keys = schema.options.compactMap { option -> Entry? in
            if case .table = option.type { return nil }
            if case .namedTables = option.type { return nil }
            return Entry(
                file: file, table: table.description, isInList: isInList, key: option.key,
                type: option.type == .anything ? "table" : option.type.name, default: option.default,
                required: option.required, range: option.range, help: option.help)
        }
        return keys + tables
    }
}
