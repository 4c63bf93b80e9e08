/// Whose connections a listener takes, and whose word it takes for where they come from.
package struct AccessPolicy: Sendable, Equatable {
    /// Empty: everybody.
    package var allow: [AddressRange]
    package var deny: [AddressRange]
    /// Peers that begin each connection with a PROXY header.
    package var proxies: [AddressRange]
}

extension AccessPolicy {
    /// The table `[access]` of a listener and `[defaults.access]` of the process.
    static let schema = OptionSchema([
        OptionDescription(
            "allow", .list(.text), default: "[]",
            help:
                "Addresses and ranges that may connect, such as `192.0.2.0/24`; empty is all. Of `allow` and `deny` the longest "
                + "prefix decides, and at the same length `deny`."),
        OptionDescription(
            "deny", .list(.text), default: "[]", help: "Addresses and ranges that may not connect."),
        OptionDescription(
            "proxies", .list(.text), default: "[]",
            help:
                "Addresses and ranges of proxies. Their connections must begin with a PROXY header, version 1 or 2, and count "
                + "as those of the address that it names; from others such a header is the plugin's input."),
    ])

    static let builtInTable = ConfigurationTable.builtIn(schema)
    package static let builtIn = AccessPolicy(LayeredTable([builtInTable]))

    /// A text that is no range was reported by `problems`; whoever gets this value then does not use it.
    init(_ table: LayeredTable) {
        func ranges(_ key: String) -> [AddressRange] {
            table.texts(key).compactMap { try? AddressRange(parsing: $0) }
        }
        allow = ranges("allow")
        deny = ranges("deny")
        proxies = ranges("proxies")
    }

    static func problems(of table: ConfigurationTable, at key: ConfigurationKey, file: String) -> [Diagnostic] {
        schema.options.flatMap { option in
            (table[option.key]?.list ?? []).enumerated().compactMap { index, value -> Diagnostic? in
                do throws(AddressRange.ParseError) {
                    _ = try AddressRange(parsing: value.text ?? "")
                    return nil
                } catch {
                    return Diagnostic(
                        file: file, position: value.position, key: key.appending(option.key).appending(index: index),
                        message: error.message)
                }
            }
        }
    }
}
