import Configuration
import Instances

// The options of a plugin and of a listener's file, each in the types of the other.

extension OptionSchema {
    package init(_ options: [PluginOption]) {
        self.init(options.map { OptionDescription($0) })
    }
}

extension PluginDescription {
    /// The options that a listener without `[options]`, in the folder of the plugin's file, would give it. Fails when an option
    /// is required.
    package func defaultOptions(forFile file: String) -> Result<OptionValue, ConfigurationError> {
        OptionSchema(options).defaults(beside: file, parser: .child()).map { OptionValue($0, options) }
    }
}

extension OptionDescription {
    init(_ option: PluginOption) {
        self.init(
            option.key, OptionType(option), required: option.required, default: option.defaultValue,
            minimum: option.minimum, maximum: option.maximum, choices: option.choices, help: option.help)
    }
}

extension OptionType {
    init(_ option: PluginOption) {
        let children = OptionSchema(option.children)
        switch (option.kind, option.element) {
        case (.table, _): self = .table(children)
        case (.list, .table): self = .tables(children)
        case (.list, let element): self = .list(OptionType(scalar: element ?? .text))
        case (let kind, _): self = OptionType(scalar: kind)
        }
    }

    private init(scalar kind: PluginOption.Kind) {
        self =
            switch kind {
            case .boolean: .boolean
            case .integer: .integer
            case .number: .number
            case .text: .text
            case .duration: .duration
            case .size: .size
            case .path: .path
            // A list of lists has no description for its inner elements.
            case .list, .table: .anything
            }
    }
}

extension OptionValue {
    /// Converts a table that the schema has completed. Durations, sizes and paths keep the types of the schema.
    package init(_ table: ConfigurationTable, _ options: [PluginOption]) {
        self = .table(
            table.members.map { member in
                let option = options.first { $0.key == member.key }
                return Item(
                    key: member.key, value: OptionValue(member.value, option?.kind, option?.element, option?.children),
                    line: member.value.position.line, column: member.value.position.column)
            })
    }

    private init(
        _ value: ConfigurationValue, _ kind: PluginOption.Kind?, _ element: PluginOption.Kind?,
        _ children: [PluginOption]?
    ) {
        switch value.content {
        case .boolean(let value): self = .boolean(value)
        case .integer(let value):
            self = kind == .duration ? .duration(value) : kind == .size ? .size(value) : .integer(value)
        case .number(let value): self = .number(value)
        case .text(let value): self = kind == .path ? .path(value) : .text(value)
        case .list(let values):
            self = .list(
                values.map {
                    Item(
                        key: "", value: OptionValue($0, element, nil, children), line: $0.position.line,
                        column: $0.position.column)
                })
        case .table(let table): self = OptionValue(table, children ?? [])
        case .date: self = .text("")
        }
    }
}
