/// A listener is named after its file.
enum ListenerName {
    /// Whether a folder entry is a listener's file. Hidden files and editors' backups are not.
    static func isListenerFile(_ entry: String) -> Bool {
        entry.hasSuffix(".toml") && !entry.hasPrefix(".") && !entry.hasSuffix("~.toml")
    }
}
