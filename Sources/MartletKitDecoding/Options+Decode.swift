import MartletKit

extension Options {
    /// Reads the whole table into a type of the plugin's own.
    ///
    ///     struct Settings: Decodable {
    ///         var maxMessage: Int          // max_message, a size: bytes
    ///         var idle: Duration
    ///         var mode: Mode               // an enum with raw values
    ///         var motd: String?            // nil: not in the file, and without a default
    ///         var rooms: [Room]            // tables
    ///     }
    ///
    ///     let settings = try options.decode(Settings.self)
    ///
    /// - Keys: a property's name is looked for as it is, then in snake case: `maxMessage` is `max_message`, `rootURL` is
    ///   `root_url`. A `CodingKeys` enum is treated alike, so that its raw values may be the keys of the file.
    /// - Types: booleans are `Bool`; integers and sizes (bytes) any integer type that holds them; durations `Duration`;
    ///   numbers and integers `Double` or `Float`; texts and paths `String` or an enum with raw values; lists `Array`;
    ///   tables a type of its own or a `Dictionary`.
    /// - Defaults are those of the manifest, which the host has filled in: a property with a Swift default is asked for like any
    ///   other. An option without default that may be left out is an `Optional`.
    /// - Errors name the option, what was expected and what was found: `rooms[1].limit: expected 0 to 255, found 300`. An
    ///   `init(from:)` of the plugin's own may throw an `OptionError`; when its path is empty, the value that was being read
    ///   is named.
    ///
    /// In `init` of a plugin, or wherever the options still are. [any]
    public func decode<T: Decodable>(_ type: T.Type) throws(OptionError) -> T {
        let tree = OptionTree(path: path, root: .table(members))
        return try tree.decode(type, .table(members), at: []) as! T
    }

    /// Reads one member of the table, as `decode(_:)` does for all.
    ///
    /// - Parameters:
    ///   - type: what the member is read as.
    ///   - key: as it is written in the file.
    public func decode<T: Decodable>(_ type: T.Type, _ key: String) throws(OptionError) -> T {
        let tree = OptionTree(path: path, root: .table(members))
        guard let member = members.first(where: { $0.key == key }) else {
            throw OptionError(pathOf(key), "is not set, and has no default")
        }
        return try tree.decode(type, member.value, at: [OptionKey(key)]) as! T
    }
}
