/// How an operation is called: `result(argument, ...)`, such as `i64(cstr,u32)` or `void(cstr route, cstr text)`.
package struct Signature: Sendable, Equatable, CustomStringConvertible {
    package static let argumentLimit = 8

    package struct Argument: Sendable, Equatable, CustomStringConvertible {
        package var type: ValueType
        /// For messages and help; nil: it has none.
        package var name: String?

        package var description: String { name.map { "\(type) \($0)" } ?? type.rawValue }
    }

    package struct Problem: Error, Equatable {
        package let text: String
    }

    package var result: ValueType
    package var arguments: [Argument]

    package init(_ text: String) throws(Problem) {
        let text = trimmed(text[...])
        guard let opening = text.firstIndex(of: "("), text.last == ")" else {
            throw Problem(text: "expected result(argument, ...), found \"\(text)\"")
        }
        result = try Self.type(text[..<opening])
        let inner = trimmed(text[text.index(after: opening)...].dropLast())
        arguments = []
        guard !inner.isEmpty else { return }
        for part in inner.split(separator: ",", omittingEmptySubsequences: false) {
            arguments.append(try Self.argument(part))
        }
        guard arguments.count <= Self.argumentLimit else {
            throw Problem(text: "expected at most \(Self.argumentLimit) arguments, found \(arguments.count)")
        }
    }

    private static func argument(_ text: Substring) throws(Problem) -> Argument {
        let words = text.split(separator: " ")
        guard let first = words.first, words.count <= 2 else {
            throw Problem(text: "expected a type and an optional name for an argument, found \"\(text)\"")
        }
        let type = try type(first)
        guard type != .void else { throw Problem(text: "void is allowed only as the result") }
        guard words.count == 2 else { return Argument(type: type, name: nil) }
        let name = words[1]
        guard isName(name) else {
            throw Problem(text: "\"\(name)\" is not a valid argument name: expected letters, digits, '-' and '_'")
        }
        return Argument(type: type, name: String(name))
    }

    private static func type(_ text: Substring) throws(Problem) -> ValueType {
        let text = trimmed(text)
        guard let type = ValueType(rawValue: String(text)) else {
            let known = ValueType.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(text: "unknown type \"\(text)\" (expected one of \(known))")
        }
        return type
    }

    package var description: String {
        "\(result)(\(arguments.map(\.description).joined(separator: ", ")))"
    }

    /// "argument 2 (limit)"
    package func nameOfArgument(_ index: Int) -> String {
        "argument \(index + 1)" + (arguments[index].name.map { " (\($0))" } ?? "")
    }
}

/// Encoded as its text.
extension Signature: Codable {
    package init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Whether a text can name a plugin, an operation or an argument: 1 to 64 letters, digits, `-` and `_`.
package func isName(_ text: some StringProtocol) -> Bool {
    (1...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
}

private func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
}
