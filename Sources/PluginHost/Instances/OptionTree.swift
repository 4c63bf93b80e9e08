import CMartlet

/// A listener's options as the host gives them to `create`: checked, defaults filled in.
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
        /// In the listener's file, from 1; 0 for a default.
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
    /// The same values as if they stood nowhere: a comment that moves them changes nothing.
    var withoutPositions: OptionValue {
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
    let root: UnsafeMutablePointer<martlet_value>
    private var values: [UnsafeMutablePointer<martlet_value>] = []
    private var arrays: [UnsafeMutableBufferPointer<UnsafePointer<martlet_value>?>] = []
    private var texts: [UnsafeMutableBufferPointer<UInt8>] = []

    init(_ value: OptionValue) {
        root = .allocate(capacity: 1)
        root.initialize(to: martlet_value())
        root.pointee = convert(OptionValue.Item(key: "", value: value, line: 1, column: 1))
    }

    private func convert(_ item: OptionValue.Item) -> martlet_value {
        var result = martlet_value()
        result.size = UInt32(MemoryLayout<martlet_value>.size)
        result.key = text(item.key)
        result.line = UInt32(clamping: item.line)
        result.column = UInt32(clamping: item.column)
        switch item.value {
        case .boolean(let value): (result.type, result.integer) = (MARTLET_TYPE_BOOLEAN, value ? 1 : 0)
        case .integer(let value): (result.type, result.integer) = (MARTLET_TYPE_INTEGER, value)
        case .duration(let value): (result.type, result.integer) = (MARTLET_TYPE_DURATION, value)
        case .size(let value): (result.type, result.integer) = (MARTLET_TYPE_SIZE, value)
        case .number(let value): (result.type, result.number) = (MARTLET_TYPE_NUMBER, value)
        case .text(let value): (result.type, result.text) = (MARTLET_TYPE_TEXT, text(value))
        case .path(let value): (result.type, result.text) = (MARTLET_TYPE_PATH, text(value))
        case .list(let items): fill(&result, MARTLET_TYPE_LIST, items)
        case .table(let items): fill(&result, MARTLET_TYPE_TABLE, items)
        }
        return result
    }

    private func fill(_ result: inout martlet_value, _ type: martlet_type, _ items: [OptionValue.Item]) {
        let array = UnsafeMutableBufferPointer<UnsafePointer<martlet_value>?>.allocate(capacity: items.count)
        _ = array.initialize(from: items.map { UnsafePointer(place(convert($0))) })
        arrays.append(array)
        result.type = type
        result.items = items.isEmpty ? nil : UnsafePointer(array.baseAddress)
        result.item_count = items.count
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
