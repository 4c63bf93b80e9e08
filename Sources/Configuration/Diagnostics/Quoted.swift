/// Text from a file, made safe to print in one line of a log: in quotes, control characters escaped, long text cut.
package func quoted(_ text: String) -> String {
    "\"" + printable(text, limit: 80) + "\""
}

/// The same without the quotes, for file names at the start of a diagnostic.
func printable(_ text: String, limit: Int = .max) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == limit { return result + "…" }
        count += 1
        switch scalar {
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\r": result += "\\r"
        case "\"" where limit != .max: result += "\\\""
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
    return result
}
