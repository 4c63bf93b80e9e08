extension OptionValidator {
    /// `expected a duration from 1s to 9h, found the text "0s"`
    mutating func refuse(
        _ value: ConfigurationValue, _ option: OptionDescription, _ type: OptionType, at key: ConfigurationKey
    ) {
        let message = "expected \(expectation(of: type, option, found: value)), found \(found(value))"
        report(message + hint(value, type, key), at: key, value.position)
    }

    /// When the form is wrong, the message shows an example. When the form is right, it shows the range.
    private func expectation(
        of type: OptionType, _ option: OptionDescription, found value: ConfigurationValue
    ) -> String {
        guard !option.range.isEmpty, option.choices.isEmpty else { return type.expectation }
        switch (type, value.content) {
        case (.integer, _): return "an integer \(bounds(option, type))"
        case (.duration, .text(let text)) where DurationText.nanoseconds(text) != nil:
            return "a duration \(bounds(option, type))"
        case (.size, .text(let text)) where SizeText.bytes(text) != nil: return "a size \(bounds(option, type))"
        case (.size, .integer): return "a size \(bounds(option, type))"
        default: return type.expectation
        }
    }

    private func bounds(_ option: OptionDescription, _ type: OptionType) -> String {
        option.minimum != nil && option.maximum != nil ? "from \(option.range)" : "of \(option.range)"
    }

    private func found(_ value: ConfigurationValue) -> String {
        switch value.content {
        case .list(let elements) where elements.isEmpty: "an empty list"
        default: value.content.summary
        }
    }

    private func hint(_ value: ConfigurationValue, _ type: OptionType, _ key: ConfigurationKey) -> String {
        switch (type, value.content) {
        case (.text, .date), (.duration, .date), (.path, .date):
            "; dates are not allowed here, quote it to make it text"
        case (_, .date): "; dates are not allowed here"
        case (.boolean, .text("true")), (.boolean, .text("false")): "; write it without quotes"
        case (.integer, .text(let text)) where Int64(text) != nil: "; write it without quotes"
        case (.duration, .text(let text)) where DurationText.nanoseconds(text) == nil:
            "; the units are ms, s, m, h and d"
        case (.size, .text(let text)) where SizeText.bytes(text) == nil:
            "; the units are B, KiB, MiB, GiB, TiB, KB, MB, GB and TB"
        case (.tables, .table), (.textsOrTables, .table): "; write each as [[\(key)]]"
        default: ""
        }
    }

    /// Looks in the same table first, then in every other: a key below the wrong header is as common as a wrong letter.
    func unknownKeyMessage(_ key: String, in table: ConfigurationKey, _ schema: OptionSchema) -> String {
        let message = "unknown key \(place(table))"
        if let known = nearest(key, among: schema.options.map(\.key)) {
            return "\(message); did you mean \(quoted(known))?"
        }
        let elsewhere = self.schema.allKeys(below: root)
        if let known = nearest(key, among: elsewhere, name: \.key) {
            return "\(message); did you mean \(quoted(known.key)) \(place(known.table))?"
        }
        let known = schema.options.map(\.key).joined(separator: ", ")
        return message + (known.isEmpty ? ", which has no keys" : "; its keys are \(known)")
    }

    private func place(_ table: ConfigurationKey) -> String {
        table.components.isEmpty ? "at the top level" : "in [\(table)]"
    }
}

extension OptionSchema {
    /// Every key of the schema with the table that contains it.
    func allKeys(below table: ConfigurationKey) -> [(table: ConfigurationKey, key: String)] {
        options.flatMap { option -> [(table: ConfigurationKey, key: String)] in
            let own = [(table: table, key: option.key)]
            switch option.type {
            case .table(let children), .tables(let children):
                return own + children.allKeys(below: table.appending(option.key))
            default: return own
            }
        }
    }
}
