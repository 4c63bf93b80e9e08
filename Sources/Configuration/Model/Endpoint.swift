import Addresses

/// Where a listener accepts connections, and the name that its plugin gets with each of them.
package struct Endpoint: Sendable {
    /// From the file. When the file gives none, the address as the file writes it. Unique within the listener.
    package var name: String
    /// Whether the file gives the name.
    package var isNamed: Bool
    /// As it is bound: `*:80` beside `0.0.0.0:80` has become IPv6 only.
    package var address: ListenAddress
    /// The place of the address in the listener's file: `listen`, `listen[1]` or `listen[1].address`.
    package var place: ConfigurationPlace
}

/// Equal when neither a peer nor the plugin sees a difference. The place is not compared, so that a comment is not a change.
extension Endpoint: Hashable {
    package static func == (left: Endpoint, right: Endpoint) -> Bool {
        left.name == right.name && left.isNamed == right.isNamed && left.address == right.address
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(isNamed)
        hasher.combine(address)
    }
}

/// `0.0.0.0:80 (public)`; without a name the address alone.
extension Endpoint: CustomStringConvertible {
    package var description: String { isNamed ? "\(address) (\(name))" : "\(address)" }
}

extension Endpoint {
    /// A table `[[listen]]`.
    static let schema = OptionSchema([
        OptionDescription("address", .text, required: true, help: "Where to listen: one address, as above."),
        OptionDescription(
            "name", .text,
            help:
                "Tells the plugin at which address a connection arrived, and appears in `martlet status`: letters, "
                + "digits, `-`, `_` and `.`, at most 64 bytes. Without a name the plugin gets the address as written "
                + "here."),
    ])
}
