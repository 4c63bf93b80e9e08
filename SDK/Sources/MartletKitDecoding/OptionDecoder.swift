import MartletKit

// The protocols allow one function for each type of number. One generic function serves them all, because every plugin contains this
// code, and every generation of a plugin stays mapped.

/// One value of the options, for the `init(from:)` of a type.
struct OptionDecoder: Decoder, SingleValueDecodingContainer {
    let tree: OptionTree
    let value: Options.Value
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(OptionTable<Key>(decoder: self, members: try members()))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .list(let items) = value else { throw tree.mismatch(value, at: codingPath, expected: "a list") }
        return OptionList(decoder: self, items: items)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    private func members() throws -> [(key: String, value: Options.Value)] {
        guard case .table(let members) = value else { throw tree.mismatch(value, at: codingPath, expected: "a table") }
        return members
    }

    /// There are no nil values: an option that is not set is missing.
    func decodeNil() -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try value(of: type) as! T }

    @inline(never)
    func value(of type: any Decodable.Type) throws(OptionError) -> any Decodable {
        try tree.decode(type, value, at: codingPath)
    }

    @inline(never)
    func child(_ value: Options.Value, _ key: OptionKey) -> OptionDecoder {
        OptionDecoder(tree: tree, value: value, codingPath: codingPath + [key])
    }

    @inline(never)
    func member(
        _ key: any CodingKey, of members: [(key: String, value: Options.Value)]
    ) throws(OptionError) -> OptionDecoder {
        guard let member = members.member(for: key) else {
            throw tree.error(at: codingPath + [key], "is not set, and has no default")
        }
        return child(member.value, OptionKey(member.key))
    }
}

/// A table of the options.
struct OptionTable<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: OptionDecoder
    let members: [(key: String, value: Options.Value)]
    var codingPath: [any CodingKey] { decoder.codingPath }

    /// The keys of all members that `Key` can represent.
    var allKeys: [Key] {
        members.compactMap { Key(stringValue: $0.key) ?? Key(stringValue: $0.key.inCamelCase) }
    }

    func contains(_ key: Key) -> Bool { members.member(for: key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try decoder.member(key, of: members).value(of: type) as! T
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try decoder.member(key, of: members).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder.member(key, of: members).unkeyedContainer()
    }

    /// A superclass is decoded from the same table.
    func superDecoder() throws -> any Decoder { decoder }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder.member(key, of: members) }
}

/// A list of the options.
struct OptionList: UnkeyedDecodingContainer {
    let decoder: OptionDecoder
    let items: [Options.Value]
    private(set) var currentIndex = 0

    init(decoder: OptionDecoder, items: [Options.Value]) {
        self.decoder = decoder
        self.items = items
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { items.count }
    var isAtEnd: Bool { currentIndex == items.count }

    @inline(never)
    private mutating func next() throws(OptionError) -> OptionDecoder {
        guard currentIndex < items.count else {
            throw decoder.tree.error(at: codingPath, "expected more than \(items.count) elements")
        }
        defer { currentIndex += 1 }
        return decoder.child(items[currentIndex], OptionKey(index: currentIndex))
    }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().value(of: type) as! T }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }
}
