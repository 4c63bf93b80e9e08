/// A listener is named by its file, and the name goes into logs, metrics and commands.
enum ListenerName {
    static let lengthLimit = 64

    /// Whether a folder entry is a listener's file at all. Hidden files and editors' backups are not.
    static func isListenerFile(_ entry: String) -> Bool {
        entry.hasSuffix(".toml") && !entry.hasPrefix(".") && !entry.hasSuffix("~.toml")
    }

    /// Nil, or why the name will not do.
    static func problem(_ name: String) -> String? {
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard allowed else { return "expected a name of letters, digits, -, _ and ., found \(quoted(name))" }
        guard name.utf8.count <= lengthLimit else {
            return "expected a name of at most \(lengthLimit) bytes, found \(name.utf8.count)"
        }
        return nil
    }
}
