import Synchronization

/// Makes a value of the text of an option's default, as its plugin wrote it.
///
/// Nearly all defaults are plain and are read here, because every start reads a hundred of them. The others go to the parser
/// once.
enum DefaultLiteral {
    /// Has one entry for each such default in the schemas of all plugins seen so far.
    private static let known = Mutex<[String: ConfigurationValue]>([:])

    /// Nil when the literal is not one TOML value.
    static func value(of literal: String, parser: TOMLParser) -> ConfigurationValue? {
        if let content = plain(literal) { return ConfigurationValue(content) }
        if let value = known.withLock({ $0[literal] }) { return value }
        guard let document = try? ConfigurationDocument(text: "default = " + literal, file: "", parser: parser),
            document.root.members.count == 1, let value = document.root["default"]
        else { return nil }
        known.withLock { $0[literal] = value }
        return value
    }

    /// Booleans, decimal numbers, texts without escapes and the empty list, in their most common form.
    static func plain(_ literal: String) -> ConfigurationValue.Content? {
        switch literal {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "[]": return .list([])
        default: break
        }
        let bytes = literal.utf8
        if bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") {
            let text = bytes.dropFirst().dropLast()
            let isPlain = text.allSatisfy {
                $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
            return isPlain ? .text(String(Substring(text))) : nil
        }
        let parts = literal.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy(isDecimal), !(parts[0].count > 1 && parts[0].first == "0") else { return nil }
        return parts.count == 1 ? Int64(literal).map { .integer($0) } : Double(literal).map { .number($0) }
    }

    private static func isDecimal(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
