extension OptionValidator {
    /// Nil when the value was refused; the reason is then among the diagnostics.
    mutating func convert(
        _ value: ConfigurationValue, _ option: OptionDescription, _ type: OptionType, at key: ConfigurationKey
    ) -> ConfigurationValue? {
        switch (type, value.content) {
        case (.anything, _), (.boolean, .boolean): return value
        case (.integer, .integer(let integer)): return inRange(integer, value, option, type, at: key)
        case (.number, .number(let number)) where number.isFinite: return value
        case (.number, .integer(let integer)): return ConfigurationValue(.number(Double(integer)), at: value.position)
        case (.text, .text(let text)): return choice(text, value, option, at: key)
        case (.duration, .text(let text)):
            return inRange(DurationText.nanoseconds(text), value, option, type, at: key)
        case (.size, .text(let text)): return inRange(SizeText.bytes(text), value, option, type, at: key)
        case (.size, .integer(let integer)): return inRange(integer, value, option, type, at: key)
        case (.path, .text(let text)): return path(text, value, option, at: key)
        case (.list(let element), .list(let elements)):
            return list(elements, value, option, at: key) { _ in element }
        case (.table(let children), .table(let table)):
            return ConfigurationValue(.table(validate(table, children, at: key)), at: value.position)
        case (.tables(let children), .list(let elements)):
            return list(elements, value, option, at: key) { _ in .table(children) }
        case (.textOrTable, .text): return convert(value, option, .text, at: key)
        case (.textOrTable(let children), .table): return convert(value, option, .table(children), at: key)
        case (.namedTables(let children), .table(let table)):
            return .init(.table(validateNamed(table, option, children, at: key)), at: value.position)
        case (.textsOrTables, .text):
            return convert(value, option, .text, at: key).map { ConfigurationValue(.list([$0]), at: value.position) }
        case (.textsOrTables(let children), .list(let elements)) where !elements.isEmpty:
            return list(elements, value, option, at: key) { $0.table == nil ? .text : .table(children) }
        default:
            refuse(value, option, type, at: key)
            return nil
        }
    }

    private mutating func validateNamed(
        _ table: ConfigurationTable, _ option: OptionDescription, _ children: OptionSchema, at key: ConfigurationKey
    ) -> ConfigurationTable {
        let members = table.members.compactMap { member -> ConfigurationTable.Member? in
            convert(member.value, option, .table(children), at: key.appending(member.key)).map {
                ConfigurationTable.Member(key: member.key, value: $0)
            }
        }
        return ConfigurationTable(members, at: table.position)
    }

    /// - Parameter type: the type that an element should have.
    private mutating func list(
        _ elements: [ConfigurationValue], _ value: ConfigurationValue, _ option: OptionDescription,
        at key: ConfigurationKey, type: (ConfigurationValue) -> OptionType
    ) -> ConfigurationValue? {
        if let limit = option.maximumCount, elements.count > limit {
            // Report one problem: the elements may have thousands.
            report("expected at most \(limit) values, found \(elements.count)", at: key, value.position)
            return nil
        }
        var converted: [ConfigurationValue] = []
        for (index, element) in elements.enumerated() {
            let place = key.appending(index: index)
            if let value = convert(element, option, type(element), at: place) { converted.append(value) }
        }
        return converted.count == elements.count ? ConfigurationValue(.list(converted), at: value.position) : nil
    }

    private mutating func inRange(
        _ converted: Int64?, _ value: ConfigurationValue, _ option: OptionDescription, _ type: OptionType,
        at key: ConfigurationKey
    ) -> ConfigurationValue? {
        // Whatever their range, a duration and a size are never negative.
        let floor: Int64 = type == .size ? 0 : .min
        guard let converted, converted >= option.minimum ?? floor, converted <= option.maximum ?? .max else {
            refuse(value, option, type, at: key)
            return nil
        }
        return ConfigurationValue(.integer(converted), at: value.position)
    }

    private mutating func choice(
        _ text: String, _ value: ConfigurationValue, _ option: OptionDescription, at key: ConfigurationKey
    ) -> ConfigurationValue? {
        if option.choices.isEmpty || option.choices.contains(text) { return value }
        let known = option.choices.map(quoted).joined(separator: ", ")
        let hint = nearest(text, among: option.choices).map { "; did you mean \(quoted($0))?" } ?? ""
        report("expected one of \(known), found \(quoted(text))\(hint)", at: key, value.position)
        return nil
    }

    /// An empty path means "not set" and is only accepted where that is the default.
    private mutating func path(
        _ text: String, _ value: ConfigurationValue, _ option: OptionDescription, at key: ConfigurationKey
    ) -> ConfigurationValue? {
        if text.isEmpty, option.default == "\"\"" { return value }
        guard !text.isEmpty else {
            refuse(value, option, .path, at: key)
            return nil
        }
        return ConfigurationValue(.text(FilePath.absolute(text, in: folder)), at: value.position)
    }
}
