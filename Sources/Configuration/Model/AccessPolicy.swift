/// Which peers may connect to a listener, and which proxies it trusts to name the address of a peer.
package struct AccessPolicy: Sendable, Equatable {
    /// Empty allows everybody.
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
                "Addresses and ranges that may connect, such as `192.0.2.0/24`; empty allows all. When `allow` and "
                + "`deny` both match, the longer prefix decides; at equal length, `deny`."),
        OptionDescription(
            "deny", .list(.text), default: "[]", help: "Addresses and ranges that may not connect."),
        OptionDescription(
            "proxies", .list(.text), default: "[]",
            help:
                "Addresses and ranges of proxies. A connection from a proxy must begin with a PROXY header, "
                + "version 1 or 2, and counts as one from the address in the header. From other peers such a header "
                + "is input for the plugin."),
    ])

    static let builtInTable = ConfigurationTable.builtIn(schema)
    package static let builtIn = AccessPolicy(LayeredTable([builtInTable]))

    /// `problems` has reported each text that is not a range; the caller then does not use this value.
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
