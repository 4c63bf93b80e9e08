/// The name of a listener or of one of its endpoints. It appears in logs, metrics and commands, and plugins get it.
enum PlainName {
    static let lengthLimit = 64

    /// Why the name is not allowed; nil when it is.
    static func problem(_ name: String) -> String? {
        guard !name.isEmpty, name.utf8.allSatisfy(isAllowed) else {
            return "expected a name of letters, digits, -, _ and ., found \(quoted(name))"
        }
        guard name.utf8.count <= lengthLimit else {
            return "expected a name of at most \(lengthLimit) bytes, found \(name.utf8.count)"
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
