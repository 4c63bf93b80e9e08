import CMartlet

/// The options of one listener, or one table among them. The host has checked them and filled in the defaults. The value is a copy: keep it
/// as long as you like, and use it from any thread.
///
/// `decode(_:)` of MartletKitDecoding reads all of them into a type; each function here reads one. They throw if the option is
/// not set and has no default, or if the manifest declares it with another kind.
public struct Options: Sendable {
    /// The path of this table: empty for the root, `routes[1]` for a table in a list.
    public let path: String
    /// In the order of the file, then the defaults.
    package let members: [(key: String, value: Value)]

    package indirect enum Value: Sendable {
        case boolean(Bool)
        case integer(Int64)
        /// Nanoseconds.
        case duration(Int64)
        /// Bytes.
        case size(Int64)
        case number(Double)
        case text(String)
        case list([Value])
        case table([(key: String, value: Value)])
    }

    init(_ root: UnsafePointer<martlet_value>) {
        path = ""
        guard case .table(let members) = Value(root) else {
            self.members = []
            return
        }
        self.members = members
    }

    private init(path: String, members: [(key: String, value: Value)]) {
        self.path = path
        self.members = members
    }

    /// Whether the option is in the file or has a default.
    public func has(_ key: String) -> Bool { find(key) != nil }

    /// `true` or `false`.
    public func boolean(_ key: String) throws(OptionError) -> Bool {
        guard case .boolean(let value) = try value(key) else { throw wrongType(key, "a boolean") }
        return value
    }

    /// An integer, or the bytes of a size.
    public func integer(_ key: String) throws(OptionError) -> Int64 {
        switch try value(key) {
        case .integer(let value), .size(let value): return value
        default: throw wrongType(key, "an integer")
        }
    }

    /// The bytes of a size.
    public func size(_ key: String) throws(OptionError) -> Int { Int(try integer(key)) }

    /// A duration, exact to the nanosecond.
    public func duration(_ key: String) throws(OptionError) -> Duration {
        guard case .duration(let nanoseconds) = try value(key) else { throw wrongType(key, "a duration") }
        return .nanoseconds(nanoseconds)
    }

    /// A number, or an integer as a number.
    public func number(_ key: String) throws(OptionError) -> Double {
        switch try value(key) {
        case .number(let value): return value
        case .integer(let value): return Double(value)
        default: throw wrongType(key, "a number")
        }
    }

    /// A text, or the absolute form of a path.
    public func text(_ key: String) throws(OptionError) -> String {
        guard case .text(let value) = try value(key) else { throw wrongType(key, "a text") }
        return value
    }

    /// A list of texts or paths.
    public func texts(_ key: String) throws(OptionError) -> [String] {
        guard case .list(let values) = try value(key) else { throw wrongType(key, "a list") }
        return try values.map { (value) throws(OptionError) -> String in
            guard case .text(let text) = value else { throw wrongType(key, "a list of texts") }
            return text
        }
    }

    /// A table among the options; it keeps its path.
    public func table(_ key: String) throws(OptionError) -> Options {
        guard case .table(let members) = try value(key) else { throw wrongType(key, "a table") }
        return Options(path: pathOf(key), members: members)
    }

    /// The tables of a list; empty if the option is not set.
    public func tables(_ key: String) throws(OptionError) -> [Options] {
        guard let found = find(key) else { return [] }
        guard case .list(let values) = found else { throw wrongType(key, "a list of tables") }
        var tables: [Options] = []
        for (index, value) in values.enumerated() {
            guard case .table(let members) = value else { throw wrongType(key, "a list of tables") }
            tables.append(Options(path: "\(pathOf(key))[\(index)]", members: members))
        }
        return tables
    }

    /// The path of a member, for an `OptionError`.
    public func pathOf(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func find(_ key: String) -> Value? { members.first { $0.key == key }?.value }

    private func value(_ key: String) throws(OptionError) -> Value {
        guard let value = find(key) else { throw OptionError(pathOf(key), "is not set, and has no default") }
        return value
    }

    private func wrongType(_ key: String, _ expected: String) -> OptionError {
        OptionError(pathOf(key), "the plugin expected \(expected) here; its schema says otherwise")
    }
}

extension Options.Value {
    /// Copies a value out of the host's tree, which is valid only until `create` returns.
    init(_ value: UnsafePointer<martlet_value>) {
        switch value.pointee.type {
        case MARTLET_TYPE_BOOLEAN: self = .boolean(value.pointee.integer != 0)
        case MARTLET_TYPE_NUMBER: self = .number(value.pointee.number)
        case MARTLET_TYPE_TEXT, MARTLET_TYPE_PATH: self = .text(String(value.pointee.text))
        case MARTLET_TYPE_LIST: self = .list(Self.items(of: value).map { Options.Value($0) })
        case MARTLET_TYPE_TABLE:
            self = .table(Self.items(of: value).map { (String($0.pointee.key), Options.Value($0)) })
        case MARTLET_TYPE_DURATION: self = .duration(value.pointee.integer)
        case MARTLET_TYPE_SIZE: self = .size(value.pointee.integer)
        default: self = .integer(value.pointee.integer)
        }
    }

    private static func items(of value: UnsafePointer<martlet_value>) -> [UnsafePointer<martlet_value>] {
        UnsafeBufferPointer(start: value.pointee.items, count: value.pointee.item_count).compactMap { $0 }
    }
}

extension String {
    init(_ text: martlet_text) {
        self.init(
            decoding: UnsafeRawBufferPointer(start: text.data, count: text.data == nil ? 0 : text.length), as: UTF8.self
        )
    }
}
