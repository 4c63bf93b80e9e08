/// One value of the options, for the `init(from:)` of a type.
struct OptionDecoder: Decoder {
    let tree: OptionTree
    let value: Options.Value
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .table(let members) = value else { throw tree.mismatch(value, at: codingPath, expected: "a table") }
        return KeyedDecodingContainer(OptionTable<Key>(tree: tree, members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .list(let items) = value else { throw tree.mismatch(value, at: codingPath, expected: "a list") }
        return OptionList(tree: tree, items: items, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }
}

extension OptionDecoder: SingleValueDecodingContainer {
    /// What is not set is not there at all.
    func decodeNil() -> Bool { false }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .boolean(let value) = value else {
            throw tree.mismatch(value, at: codingPath, expected: "a boolean")
        }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        guard case .text(let value) = value else { throw tree.mismatch(value, at: codingPath, expected: "a text") }
        return value
    }

    func decode(_ type: Double.Type) throws -> Double {
        switch value {
        case .number(let value): return value
        case .integer(let value): return Double(value)
        default: throw tree.mismatch(value, at: codingPath, expected: "a number")
        }
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try tree.decode(type, value, at: codingPath) }

    private func integer<I: FixedWidthInteger>(_: I.Type) throws(OptionError) -> I {
        let found: Int64
        switch value {
        case .integer(let value), .size(let value): found = value
        default: throw tree.mismatch(value, at: codingPath, expected: "an integer")
        }
        guard let integer = I(exactly: found) else {
            throw tree.error(at: codingPath, "expected \(I.min) to \(I.max), found \(found)")
        }
        return integer
    }
}

/// A table of the options.
struct OptionTable<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let tree: OptionTree
    let members: [(key: String, value: Options.Value)]
    let codingPath: [any CodingKey]

    /// The members that `Key` has a name for.
    var allKeys: [Key] {
        members.compactMap { Key(stringValue: $0.key) ?? Key(stringValue: $0.key.inCamelCase) }
    }

    func contains(_ key: Key) -> Bool { members.member(for: key) != nil }

    private func decoder(_ key: any CodingKey) throws(OptionError) -> OptionDecoder {
        guard let member = members.member(for: key) else {
            throw tree.error(at: codingPath + [key], "is not set, and has no default")
        }
        return OptionDecoder(tree: tree, value: member.value, codingPath: codingPath + [OptionKey(member.key)])
    }

    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try decoder(key).decode(type) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try decoder(key).decode(type) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try decoder(key).decode(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try decoder(key).decode(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try decoder(key).decode(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try decoder(key).decode(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try decoder(key).decode(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try decoder(key).decode(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try decoder(key).decode(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try decoder(key).decode(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try decoder(key).decode(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try decoder(key).decode(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try decoder(key).decode(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try decoder(key).decode(type) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder(key).decode(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try decoder(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    /// A superclass is decoded from the same table.
    func superDecoder() throws -> any Decoder {
        OptionDecoder(tree: tree, value: .table(members), codingPath: codingPath)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}

/// A list of the options.
struct OptionList: UnkeyedDecodingContainer {
    let tree: OptionTree
    let items: [Options.Value]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(tree: OptionTree, items: [Options.Value], codingPath: [any CodingKey]) {
        self.tree = tree
        self.items = items
        self.codingPath = codingPath
    }

    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex == items.count }

    private mutating func next() throws(OptionError) -> OptionDecoder {
        guard currentIndex < items.count else {
            throw tree.error(at: codingPath, "expected more than \(items.count) elements")
        }
        defer { currentIndex += 1 }
        return OptionDecoder(
            tree: tree, value: items[currentIndex], codingPath: codingPath + [OptionKey(index: currentIndex)])
    }

    mutating func decodeNil() throws -> Bool { false }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try next().decode(type) }
    mutating func decode(_ type: String.Type) throws -> String { try next().decode(type) }
    mutating func decode(_ type: Double.Type) throws -> Double { try next().decode(type) }
    mutating func decode(_ type: Float.Type) throws -> Float { try next().decode(type) }
    mutating func decode(_ type: Int.Type) throws -> Int { try next().decode(type) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next().decode(type) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next().decode(type) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next().decode(type) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next().decode(type) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next().decode(type) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next().decode(type) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next().decode(type) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next().decode(type) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next().decode(type) }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }
}
