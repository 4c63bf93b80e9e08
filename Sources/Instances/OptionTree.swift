import CMartlet
import PluginABI

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

/// The tree as C structs; they live as long as this object.
final class OptionTree {
    let root: UnsafePointer<martlet_value>
    private let memory = ValueMemory()

    init(_ value: OptionValue) {
        let item = OptionValue.Item(key: "", value: value, line: 1, column: 1)
        root = memory.place(Self.convert(item, in: memory))
    }

    private static func convert(_ item: OptionValue.Item, in memory: ValueMemory) -> martlet_value {
        var result = ValueMemory.empty(MARTLET_TYPE_BOOLEAN)
        result.key = memory.text(item.key)
        result.line = UInt32(clamping: item.line)
        result.column = UInt32(clamping: item.column)
        switch item.value {
        case .boolean(let value): result.integer = value ? 1 : 0
        case .integer(let value): (result.type, result.integer) = (MARTLET_TYPE_INTEGER, value)
        case .duration(let value): (result.type, result.integer) = (MARTLET_TYPE_DURATION, value)
        case .size(let value): (result.type, result.integer) = (MARTLET_TYPE_SIZE, value)
        case .number(let value): (result.type, result.number) = (MARTLET_TYPE_NUMBER, value)
        case .text(let value): (result.type, result.text) = (MARTLET_TYPE_TEXT, memory.text(value))
        case .path(let value): (result.type, result.text) = (MARTLET_TYPE_PATH, memory.text(value))
        case .list(let items):
            result.type = MARTLET_TYPE_LIST
            memory.setItems(of: &result, to: items.map { convert($0, in: memory) })
        case .table(let items):
            result.type = MARTLET_TYPE_TABLE
            memory.setItems(of: &result, to: items.map { convert($0, in: memory) })
        }
        return result
    }
}
