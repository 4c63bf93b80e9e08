import CMartlet

/// The memory of a tree of option values for `create`. All values live as long as this object.
package final class ValueMemory {
    private var values: [UnsafeMutablePointer<martlet_value>] = []
    private var arrays: [UnsafeMutableBufferPointer<UnsafePointer<martlet_value>?>] = []
    private var texts: [UnsafeMutableBufferPointer<UInt8>] = []

    package init() {}

    /// An empty value of a type.
    package static func empty(_ type: martlet_type) -> martlet_value {
        var value = martlet_value()
        value.size = UInt32(MemoryLayout<martlet_value>.size)
        value.type = type
        return value
    }

    package func place(_ value: martlet_value) -> UnsafePointer<martlet_value> {
        let place = UnsafeMutablePointer<martlet_value>.allocate(capacity: 1)
        place.initialize(to: value)
        values.append(place)
        return UnsafePointer(place)
    }

    /// Makes these the items of a list or table.
    package func setItems(of value: inout martlet_value, to items: [martlet_value]) {
        guard !items.isEmpty else { return }
        let array = UnsafeMutableBufferPointer<UnsafePointer<martlet_value>?>.allocate(capacity: items.count)
        _ = array.initialize(from: items.map(place))
        arrays.append(array)
        value.items = UnsafePointer(array.baseAddress)
        value.item_count = items.count
    }

    package func text(_ text: String) -> martlet_text {
        guard !text.isEmpty else { return martlet_text() }
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = bytes.initialize(from: text.utf8)
        texts.append(bytes)
        return martlet_text(
            data: UnsafeRawPointer(bytes.baseAddress!).assumingMemoryBound(to: CChar.self), length: bytes.count)
    }

    deinit {
        for array in arrays { array.deallocate() }
        for value in values { value.deallocate() }
        for text in texts { text.deallocate() }
    }
}
