import MartletKit

extension Options {
    /// Decodes the whole table into a type that the plugin defines.
    ///
    ///     struct Settings: Decodable {
    ///         var maxMessage: Int          // max_message, a size: bytes
    ///         var idle: Duration
    ///         var mode: Mode               // an enum with raw values
    ///         var motd: String?            // nil: not in the file, and no default
    ///         var rooms: [Room]            // tables
    ///     }
    ///
    ///     let settings = try options.decode(Settings.self)
    ///
    /// - Keys: the name of a property is looked up as it is, then in snake case: `maxMessage` is `max_message`, `rootURL` is
    ///   `root_url`. The same applies to a `CodingKeys` enum, so its raw values may be the keys of the file.
    /// - Types: booleans are `Bool`; integers and sizes (bytes) any integer type that can represent them; durations `Duration`;
    ///   numbers and integers `Double` or `Float`; texts and paths `String` or an enum with raw values; lists `Array`;
    ///   tables a `Decodable` type or a `Dictionary`.
    /// - Defaults come from the manifest, and the host has filled them in: a property with a default in Swift is required like any
    ///   other. An option that may be missing and has no default is an `Optional`.
    /// - Errors name the option, what was expected and what was found: `rooms[1].limit: expected 0 to 255, found 300`. An
    ///   `init(from:)` of the plugin may throw an `OptionError`; if its path is empty, the error names the value that was being
    ///   decoded.
    ///
    /// Call it in `init` of a plugin, or anywhere else with the options. [any]
    public func decode<T: Decodable>(_ type: T.Type) throws(OptionError) -> T {
        let tree = OptionTree(path: path, root: .table(members))
        return try tree.decode(type, .table(members), at: []) as! T
    }

    /// Decodes one member of the table, as `decode(_:)` does for all.
    ///
    /// - Parameters:
    ///   - type: the type of the result.
    ///   - key: as written in the file.
    public func decode<T: Decodable>(_ type: T.Type, _ key: String) throws(OptionError) -> T {
        let tree = OptionTree(path: path, root: .table(members))
        guard let member = members.first(where: { $0.key == key }) else {
            throw OptionError(pathOf(key), "is not set, and has no default")
        }
        return try tree.decode(type, member.value, at: [OptionKey(key)]) as! T
    }
}
