import CMartlet
import PluginABI

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
