/// What a table may contain. Plugins describe their `[options]` with it, and the host describes its own files with it,
/// so both are checked, completed and explained by the same code.
package struct OptionSchema: Sendable, Equatable {
    package var options: [OptionDescription]

    package init(_ options: [OptionDescription] = []) {
        self.options = options
    }

    package subscript(key: String) -> OptionDescription? {
        options.first { $0.key == key }
    }
}

/// One key of a table.
package struct OptionDescription: Sendable, Equatable {
    package var key: String
    package var type: OptionType
    package var required: Bool
    /// A TOML literal: `"75s"`, `8`, `["a", "b"]`. It is checked like a value in a file.
    package var `default`: String?
    /// One line.
    package var help: String
    /// For integers, and in nanoseconds for durations, in bytes for sizes; for the elements of a list of these.
    package var minimum: Int64?
    package var maximum: Int64?
    /// The only values allowed for a text; empty when any is.
    package var choices: [String]
    /// Elements of a list; nil when any number is allowed.
    package var maximumCount: Int?

    package init(
        _ key: String, _ type: OptionType, required: Bool = false, default: String? = nil,
        minimum: Int64? = nil, maximum: Int64? = nil, choices: [String] = [], maximumCount: Int? = nil,
        help: String = ""
    ) {
        self.key = key
        self.type = type
        self.required = required
        self.default = `default`
        self.help = help
        self.minimum = minimum
        self.maximum = maximum
        self.choices = choices
        self.maximumCount = maximumCount
    }
}

package indirect enum OptionType: Sendable, Equatable {
    case boolean
    case integer
    /// Finite; an integer is accepted and converted.
    case number
    case text
    /// `"1m30s"`, converted to integer nanoseconds.
    case duration
    /// `"64KiB"` or a plain integer, converted to integer bytes.
    case size
    /// Made absolute against the folder of the file. The plugin checks whether it exists.
    case path
    case list(OptionType)
    case table(OptionSchema)
    /// A list of tables, written `[[options.routes]]`.
    case tables(OptionSchema)
    /// A list of texts and tables, written `[[listen]]`, or one text, which means a list of one. The list is not empty. A text in
    /// the file stays a text.
    case textsOrTables(OptionSchema)
    /// A table, or a text that stands for one.
    case textOrTable(OptionSchema)
    /// A table of tables under names that the file chooses: `[databases.NAME]`.
    case namedTables(OptionSchema)
    /// Kept as it is, unchecked.
    case anything
}
