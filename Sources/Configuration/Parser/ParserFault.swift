import Glibc

/// A fault that a test injects into the parser's child. Only in debug builds: `MARTLET_PARSER_FAULT` names the fault, and a text
/// with the comment `# parser fault` triggers it.
enum ParserFault {
    /// Nil when there is no fault and the text is to be parsed.
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
