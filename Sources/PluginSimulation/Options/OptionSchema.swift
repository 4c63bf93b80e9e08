import CMartlet

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

    /// The stride of the array is what its first element says, because a newer plugin may have a larger struct.
    static func read(_ first: UnsafePointer<martlet_option>?, count: Int) -> [OptionSchema] {
        guard let first, count > 0 else { return [] }
        let stride = Int(first.pointee.size)
        return (0..<count).map { index in
            OptionSchema((UnsafeRawPointer(first) + index * stride).load(as: martlet_option.self))
        }
    }

    private init(_ option: martlet_option) {
        key = String(option.key)
        type = option.type
        element = option.element
        isRequired = option.required != 0
        defaultValue = option.default_value.length > 0 ? String(option.default_value) : nil
        range = option.minimum <= option.maximum ? option.minimum...option.maximum : nil
        choices = (0..<option.choice_count).map { String(option.choices[$0]) }
        children = Self.read(option.children, count: option.child_count)
    }

    /// The elements of a list, as if each were an option of its own.
    var ofElements: OptionSchema {
        var copy = self
        copy.type = element
        return copy
    }
}

extension String {
    init(_ text: martlet_text) {
        self.init(
            decoding: UnsafeRawBufferPointer(start: text.data, count: text.data == nil ? 0 : text.length), as: UTF8.self
        )
    }
}
