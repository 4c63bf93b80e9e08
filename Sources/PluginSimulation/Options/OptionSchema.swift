import CMartlet
import PluginABI

/// One option of a descriptor, copied out of its C struct.
struct OptionSchema {
    var key: String
    var type: martlet_type
    var element: martlet_type
    var isRequired: Bool
    /// As it would be written in TOML; nil: none.
    var defaultValue: String?
    /// nil: any.
    var range: ClosedRange<Int64>?
    var choices: [String]
    var children: [OptionSchema]

    static func read(
        _ first: UnsafePointer<martlet_option>?, count: Int
    ) throws(SizedStructProblem) -> [OptionSchema] {
        var options: [OptionSchema] = []
        for option in try martlet_option.readArray(first, count: count, "its options") {
            options.append(try OptionSchema(option))
        }
        return options
    }

    private init(_ option: martlet_option) throws(SizedStructProblem) {
        key = String(option.key)
        type = option.type
        element = option.element
        isRequired = option.required != 0
        defaultValue = option.default_value.length > 0 ? String(option.default_value) : nil
        range = option.minimum <= option.maximum ? option.minimum...option.maximum : nil
        choices = (0..<option.choice_count).map { String(option.choices[$0]) }
        children = try Self.read(option.children, count: option.child_count)
    }

    /// The elements of a list, as if each were an option of its own.
    var ofElements: OptionSchema {
        var copy = self
        copy.type = element
        return copy
    }
}
