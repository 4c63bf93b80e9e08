/// A listener's options as the host gives them to `create`: checked, with defaults filled in.
package indirect enum OptionValue: Sendable, Hashable, Codable {
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    /// Nanoseconds.
    case duration(Int64)
    /// Bytes.
    case size(Int64)
    /// Absolute.
    case path(String)
    case list([Item])
    case table([Item])

    package struct Item: Sendable, Hashable, Codable {
        /// Empty in a list.
        package var key: String
        package var value: OptionValue
        /// The position in the listener's file, from 1; 0 for a default.
        package var line: Int
        package var column: Int

        package init(key: String, value: OptionValue, line: Int, column: Int) {
            self.key = key
            self.value = value
            self.line = line
            self.column = column
        }
    }
}

extension OptionValue {
    /// The same values without their positions, so that a comment that moves them changes nothing.
    package var withoutPositions: OptionValue {
        switch self {
        case .list(let items): .list(items.map(\.withoutPosition))
        case .table(let items): .table(items.map(\.withoutPosition))
        default: self
        }
    }
}

extension OptionValue.Item {
    fileprivate var withoutPosition: OptionValue.Item {
        OptionValue.Item(key: key, value: value.withoutPositions, line: 0, column: 0)
    }
}
