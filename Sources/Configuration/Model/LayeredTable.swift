/// Validated tables in layers: the file's, then the defaults of the process, then the built-in ones. The first table that has a
/// key decides.
struct LayeredTable {
    private let layers: [ConfigurationTable]

    init(_ layers: [ConfigurationTable]) {
        self.layers = layers
    }

    /// The last layer comes from the schema, which has a default for every key that is read. A missing default is a mistake in
    /// this module that every test would hit.
    private func value<Value>(_ key: String, _ read: (ConfigurationValue) -> Value?) -> Value {
        for layer in layers {
            if let value = layer[key].flatMap(read) { return value }
        }
        preconditionFailure("the schema has no default for \(key)")
    }

    func boolean(_ key: String) -> Bool { value(key, \.boolean) }
    func integer(_ key: String) -> Int { value(key) { $0.integer.map(Int.init) } }
    func number(_ key: String) -> Double { value(key, \.number) }
    func text(_ key: String) -> String { value(key, \.text) }
    func duration(_ key: String) -> Duration { value(key) { $0.integer.map(Duration.nanoseconds) } }
    func integers(_ key: String) -> [Int] {
        value(key) { $0.list?.compactMap { $0.integer.map(Int.init) } }
    }
    func texts(_ key: String) -> [String] { value(key) { $0.list?.compactMap(\.text) } }
}

extension ConfigurationTable {
    /// The defaults of a schema, without required keys. All of them must be plain literals. Keep the result.
    static func builtIn(_ schema: OptionSchema) -> ConfigurationTable {
        let optional = OptionSchema(schema.options.filter { !$0.required })
        var validator = OptionValidator(schema: optional, root: .root, file: "", folder: "/", defaults: .inProcess)
        let table = validator.validate(ConfigurationTable())
        precondition(validator.diagnostics.isEmpty, "the schema's own defaults are wrong: \(validator.diagnostics)")
        return table
    }
}
