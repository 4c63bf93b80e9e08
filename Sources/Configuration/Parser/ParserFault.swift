import Glibc

/// What a test makes the parser's child do. Only in builds for tests: `MARTLET_PARSER_FAULT` says what, and a text with the comment
/// `# parser fault` when.
enum ParserFault {
    /// Nil: the text is parsed.
    static func answer(to text: ArraySlice<UInt8>) -> [UInt8]? {
        #if DEBUG
            guard let fault = unsafe getenv("MARTLET_PARSER_FAULT"),
                String(decoding: text, as: UTF8.self).contains("# parser fault")
            else { return nil }
            switch unsafe String(cString: fault) {
            case "crash": abort()
            case "hang": while true { pause() }
            case "exit": _exit(7)
            default: return Array("T garbage".utf8)
            }
        #else
            return nil
        #endif
    }
}
