import Synchronization

/// The text of an option's default, as its plugin wrote it, made a value once: every reload asks for the defaults of every
/// listener, and what TOMLKit has parsed is never freed.
enum DefaultLiteral {
    /// As many as the schemas of all plugins seen so far name; nil: not one TOML value.
    private static let known = Mutex<[String: ConfigurationValue?]>([:])

    static func value(of literal: String) -> ConfigurationValue? {
        known.withLock { known in
            if let value = known[literal] { return value }
            let value = parse(literal)
            known[literal] = .some(value)
            return value
        }
    }

    private static func parse(_ literal: String) -> ConfigurationValue? {
        guard let document = try? ConfigurationDocument(text: "default = " + literal, file: ""),
            document.root.members.count == 1
        else { return nil }
        return document.root["default"]
    }
}
