/// `martlet.h`, taken apart: what the generated reference and the comparison of versions are made from. It reads the plain way in
/// which that header is written, not any C.
struct ABIHeader {
    struct Member {
        var name: String
        /// Without the semicolon, on one line.
        var declaration: String
        var comment: String
        /// What stands above its group: "output of a connection: [loop], inside a callback of that connection".
        var group: String
        var isFunction: Bool
    }

    struct Structure {
        var name: String
        var comment: String
        var members: [Member]
    }

    struct Constant {
        var name: String
        var isText: Bool
    }

    /// A pointer to a function with a name of its own.
    struct FunctionType {
        var name: String
        var declaration: String
        var comment: String
    }

    private(set) var structures: [Structure] = []
    private(set) var constants: [Constant] = []
    private(set) var functionTypes: [FunctionType] = []

    init(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        var comment = ""
        while let line = lines.popFirst() {
            if line.hasPrefix("/*") {
                comment = Self.comment(startingWith: line, &lines)
            } else if line.hasPrefix("typedef struct"), line.hasSuffix("{") {
                let name = String(line.split(separator: " ")[2])
                structures.append(Structure(name: name, comment: comment, members: Self.members(&lines)))
            } else if line.hasPrefix("typedef"), line.contains("(*") {
                let declaration = Self.statement(startingWith: line, &lines)
                let name =
                    declaration.split(separator: "*").dropFirst().joined(separator: "*").prefix { $0 != ")" }
                    .split(separator: "*").last.map(String.init) ?? ""
                functionTypes.append(FunctionType(name: name, declaration: declaration, comment: comment))
            } else if line.hasPrefix("#define MARTLET_") {
                let words = line.split(separator: " ")
                if words.count > 2 {
                    constants.append(Constant(name: String(words[1]), isText: words[2].hasPrefix("\"")))
                }
            } else if line.isEmpty {
                comment = ""
            }
        }
    }

    private static func members(_ lines: inout ArraySlice<Substring>) -> [Member] {
        var members: [Member] = []
        var (comment, group) = ("", "")
        while let line = lines.popFirst(), !line.hasPrefix("}") {
            let line = trimmed(line)
            if line.hasPrefix("/* --") {
                group = trimmed(Self.comment(startingWith: line[...], &lines)[...].trimmingDashes())
                comment = ""
            } else if line.hasPrefix("/*") {
                comment = Self.comment(startingWith: line[...], &lines)
            } else if line.isEmpty {
                comment = ""
            } else {
                var declaration = statement(startingWith: line[...], &lines)
                // A comment behind a member is about that member.
                if let begin = declaration.firstRange(of: "/*") {
                    comment = String(declaration[begin.upperBound...]).replacing("*/", with: "")
                    declaration = trimmed(declaration[..<begin.lowerBound])
                }
                if declaration.hasSuffix(";") { declaration.removeLast() }
                let isFunction = declaration.contains("(*")
                members.append(
                    Member(
                        name: name(of: declaration, isFunction), declaration: declaration,
                        comment: trimmed(comment[...]),
                        group: group, isFunction: isFunction))
                comment = ""
            }
        }
        return members
    }

    private static func name(of declaration: String, _ isFunction: Bool) -> String {
        if isFunction, let begin = declaration.firstRange(of: "(*") {
            return String(declaration[begin.upperBound...].prefix { $0 != ")" })
        }
        let word = declaration.split(separator: " ").last ?? ""
        return String(word.drop { $0 == "*" }.prefix { $0 != "[" })
    }

    /// Up to its end, on one line.
    private static func statement(startingWith line: Substring, _ lines: inout ArraySlice<Substring>) -> String {
        var text = trimmed(line)
        while !text.contains(";"), let more = lines.popFirst() { text += " " + trimmed(more) }
        while text.contains("/*"), !text.contains("*/"), let more = lines.popFirst() { text += " " + trimmed(more) }
        return text
    }

    /// Its text, on one line.
    private static func comment(startingWith line: Substring, _ lines: inout ArraySlice<Substring>) -> String {
        var text = String(line.dropFirst(2))
        while !text.contains("*/"), let more = lines.popFirst() {
            let more = trimmed(more)
            text +=
                "\n" + (more.hasPrefix("* ") ? more.dropFirst(2) : more.hasPrefix("*/") ? more[...] : more.dropFirst())
        }
        return trimmed(text.replacing("*/", with: "")[...]).replacing("\n", with: " ")
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\n" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\n" { text.removeLast() }
        return String(text)
    }

    private static func trimmed(_ text: String) -> String { trimmed(text[...]) }
}

extension Substring {
    fileprivate func trimmingDashes() -> Substring {
        var text = self
        while let first = text.first, first == "-" || first == " " { text.removeFirst() }
        while let last = text.last, last == "-" || last == " " { text.removeLast() }
        return text
    }
}
