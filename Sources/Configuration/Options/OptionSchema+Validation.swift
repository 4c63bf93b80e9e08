extension OptionSchema {
    /// Checks `table` and returns it complete: defaults filled in, durations as integer nanoseconds, sizes as integer
    /// bytes, paths absolute, members in the order of the schema. Fails with every problem, in the order of the text.
    ///
    /// - Parameters:
    ///   - folder: the absolute path of the folder of `file`. Relative paths are relative to it.
    ///   - file: the file the table came from, for diagnostics.
    ///   - key: where the table is in that file.
    ///   - parser: for defaults that are not plain.
    package func validate(
        _ table: ConfigurationTable, relativeTo folder: String, file: String,
        key: ConfigurationKey = ConfigurationKey([.key("options")]), parser: TOMLParser
    ) -> Result<ConfigurationTable, ConfigurationError> {
        var validator = OptionValidator(schema: self, root: key, file: file, folder: folder, defaults: parser)
        let result = validator.validate(table)
        guard validator.diagnostics.isEmpty else {
            return .failure(ConfigurationError(validator.diagnostics.sortedAndLimited()))
        }
        return .success(result)
    }

    /// The options of a file that sets none of them. Fails when an option is required.
    ///
    /// - Parameter file: relative paths are relative to its folder.
    package func defaults(beside file: String, parser: TOMLParser) -> Result<ConfigurationTable, ConfigurationError> {
        validate(
            ConfigurationTable(), relativeTo: FilePath.absolute(FilePath.folder(of: file)), file: file, parser: parser)
    }

    /// What is wrong with the schema itself: a mistake of the plugin's author, found before any file uses the plugin.
    package func defects(parser: TOMLParser) -> [String] {
        var seen: Set<String> = []
        return options.flatMap { option -> [String] in
            var defects: [String] = []
            if option.key.isEmpty { defects.append("an option has an empty key") }
            if !seen.insert(option.key).inserted { defects.append("\(option.key): described twice") }
            if option.required, option.default != nil { defects.append("\(option.key): required, but has a default") }
            if let low = option.minimum, let high = option.maximum, low > high {
                defects.append("\(option.key): the minimum \(low) is above the maximum \(high)")
            }
            if option.default != nil {
                var validator = OptionValidator(schema: self, root: .root, file: "", folder: "/", defaults: parser)
                _ = validator.defaultValue(of: option, parser, at: .root.appending(option.key), position: .start)
                defects += validator.diagnostics.map { "\($0.key): \($0.message)" }
            }
            switch option.type {
            case .table(let children), .tables(let children), .textsOrTables(let children), .textOrTable(let children),
                .namedTables(let children), .list(.table(let children)):
                return defects + children.defects(parser: parser).map { "\(option.key).\($0)" }
            default: return defects
            }
        }
    }
}
