import CMartlet
import PluginABI

/// Checked options as C structs; they live as long as this object, which is until `create` has returned.
final class OptionTree {
    let root: UnsafePointer<martlet_value>
    private let memory = ValueMemory()

    convenience init(_ options: OptionLiteral, for plugin: PluginFunctions) throws(SimulationError) {
        guard case .table(let members) = options else { throw .option(path: "", "the options are not a table") }
        self.init(try CheckedOption.members(members, of: plugin.options, path: ""))
    }

    init(_ members: [CheckedOption]) {
        var table = ValueMemory.empty(MARTLET_TYPE_TABLE)
        memory.setItems(of: &table, to: members.map { [memory] in Self.convert($0, in: memory) })
        root = memory.place(table)
    }

    private static func convert(_ option: CheckedOption, in memory: ValueMemory) -> martlet_value {
        var value = ValueMemory.empty(option.type)
        value.key = memory.text(option.key)
        value.integer = option.integer
        value.number = option.number
        value.text = memory.text(option.text)
        memory.setItems(of: &value, to: option.items.map { convert($0, in: memory) })
        return value
    }
}
