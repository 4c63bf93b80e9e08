import CMartlet

/// Checked options as C structs; they live as long as this object, which is until `create` has returned.
final class OptionTree {
    let root: UnsafeMutablePointer<martlet_value>
    private var values: [UnsafeMutablePointer<martlet_value>] = []
    private var arrays: [UnsafeMutableBufferPointer<UnsafePointer<martlet_value>?>] = []
    private var texts: [UnsafeMutableBufferPointer<UInt8>] = []

    convenience init(_ options: OptionLiteral, for plugin: PluginFunctions) throws(SimulationError) {
        guard case .table(let members) = options else { throw .option(path: "", "the options are not a table") }
        self.init(try CheckedOption.members(members, of: plugin.options, path: ""))
    }

    init(_ members: [CheckedOption]) {
        root = .allocate(capacity: 1)
        root.initialize(to: martlet_value())
        root.pointee.size = UInt32(MemoryLayout<martlet_value>.size)
        root.pointee.type = MARTLET_TYPE_TABLE
        fill(&root.pointee, members)
    }

    private func convert(_ option: CheckedOption) -> martlet_value {
        var value = martlet_value()
        value.size = UInt32(MemoryLayout<martlet_value>.size)
        value.type = option.type
        value.key = text(option.key)
        value.integer = option.integer
        value.number = option.number
        value.text = text(option.text)
        fill(&value, option.items)
        return value
    }

    private func fill(_ value: inout martlet_value, _ items: [CheckedOption]) {
        guard !items.isEmpty else { return }
        let array = UnsafeMutableBufferPointer<UnsafePointer<martlet_value>?>.allocate(capacity: items.count)
        _ = array.initialize(from: items.map { UnsafePointer(place(convert($0))) })
        arrays.append(array)
        value.items = UnsafePointer(array.baseAddress)
        value.item_count = items.count
    }

    private func place(_ value: martlet_value) -> UnsafeMutablePointer<martlet_value> {
        let place = UnsafeMutablePointer<martlet_value>.allocate(capacity: 1)
        place.initialize(to: value)
        values.append(place)
        return place
    }

    private func text(_ text: String) -> martlet_text {
        guard !text.isEmpty else { return martlet_text() }
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = bytes.initialize(from: text.utf8)
        texts.append(bytes)
        return martlet_text(
            data: UnsafeRawPointer(bytes.baseAddress!).assumingMemoryBound(to: CChar.self), length: bytes.count)
    }

    deinit {
        root.deallocate()
        for array in arrays { array.deallocate() }
        for value in values { value.deallocate() }
        for text in texts { text.deallocate() }
    }
}
