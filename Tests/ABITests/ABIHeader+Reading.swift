extension ABIHeader {
    /// Adds the declarations of one file.
    mutating func read(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        var comment = ""
        /// Whether `uint32_t` constants are flags of the last family.
        var flags = false
        while let line = lines.popFirst() {
            if line.hasPrefix("/*") {
                comment = Self.comment(startingWith: line, &lines)
                if comment.contains("Unknown bits") {
                    families.append(Family(type: nil, comment: comment, constants: []))
                    flags = true
                    comment = ""
                }
                continue
            }
            if line.hasPrefix("#define MARTLET_") {
                if let constant = Self.constant(line, comment) { add(constant, isFlag: flags) }
            } else if line.hasSuffix("{"), let name = Self.structureName(line) {
                structures.append(Structure(name: name, comment: comment, members: Self.members(&lines)))
                flags = false
            } else if line.hasPrefix("typedef") {
                addType(Self.statement(startingWith: line, &lines), comment)
                flags = false
            }
            comment = ""
        }
    }

    private mutating func add(_ constant: Constant, isFlag: Bool) {
        if let type = constant.type, let index = families.firstIndex(where: { $0.type == type }) {
            families[index].constants.append(constant)
        } else if let type = constant.type, let index = plainTypes.firstIndex(where: { $0.name == type }) {
            let type = plainTypes.remove(at: index)
            families.append(Family(type: type.name, comment: type.comment, constants: [constant]))
        } else if isFlag, constant.type == "uint32_t" {
            families[families.count - 1].constants.append(constant)
        } else {
            constants.append(constant)
        }
    }

    private mutating func addType(_ statement: String, _ comment: String) {
        let declaration = statement.hasSuffix(";") ? String(statement.dropLast()) : statement
        if declaration.contains("(*") {
            functionTypes.append(
                FunctionType(name: Self.name(of: declaration, true), declaration: declaration, comment: comment))
        } else if !comment.isEmpty {
            plainTypes.append(
                PlainType(name: Self.name(of: declaration, false), declaration: declaration, comment: comment))
        }
    }

    /// The name in `typedef struct martlet_env {` or `struct martlet_host {`.
    private static func structureName(_ line: Substring) -> String? {
        let words = line.split(separator: " ")
        guard let index = words.firstIndex(of: "struct"), words.count == index + 3 else { return nil }
        return String(words[index + 1])
    }

    /// nil: a macro that is not a value.
    private static func constant(_ line: Substring, _ comment: String) -> Constant? {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count == 3, !words[1].contains("(") else { return nil }
        let parts = words[2].split(separator: "/*", maxSplits: 1)
        let value = trimmed(parts[0])
        guard let first = value.first, first == "(" || first == "\"" || first.isNumber else { return nil }
        let own = parts.count > 1 ? trimmed(parts[1].replacing("*/", with: "")) : comment
        return Constant(name: String(words[1]), value: value, comment: own)
    }

    private static func members(_ lines: inout ArraySlice<Substring>) -> [Member] {
        var members: [Member] = []
        var (comment, group) = ("", Group())
        while let line = lines.popFirst(), !line.hasPrefix("}") {
            let line = trimmed(line)
            if line.hasPrefix("/* --") {
                group = Self.group(Self.comment(startingWith: line[...], &lines))
                comment = ""
            } else if line.hasPrefix("/*") {
                comment = Self.comment(startingWith: line[...], &lines)
            } else if line.isEmpty {
                comment = ""
            } else {
                let statement = Self.statement(startingWith: line[...], &lines)
                // A comment after a member describes that member.
                let parts = statement.split(separator: "/*", maxSplits: 1)
                if parts.count > 1 { comment = trimmed(parts[1].replacing("*/", with: "")) }
                let declaration = String(trimmed(parts[0]).dropLast())
                let isFunction = declaration.contains("(*")
                members.append(
                    Member(
                        name: name(of: declaration, isFunction), declaration: declaration, comment: comment,
                        group: group, isFunction: isFunction))
                comment = ""
            }
        }
        return members
    }

    private static func group(_ comment: String) -> Group {
        let text = trimmed(comment.replacing("--", with: ""))
        guard text.hasPrefix("since ") else { return Group(title: text) }
        let parts = text.dropFirst("since ".count).split(separator: ":", maxSplits: 1)
        return Group(version: trimmed(parts[0]), title: parts.count > 1 ? trimmed(parts[1]) : "")
    }

    /// The word before the parameters, or the last word.
    private static func name(of declaration: String, _ isFunction: Bool) -> String {
        var text = declaration[...]
        if isFunction, let begin = declaration.firstRange(of: "(*") {
            text = declaration[begin.upperBound...].prefix { $0 != ")" }
        }
        return String((text.split { $0 == " " || $0 == "*" }.last ?? "").prefix { $0 != "[" })
    }

    /// The whole statement, joined to one line.
    private static func statement(startingWith line: Substring, _ lines: inout ArraySlice<Substring>) -> String {
        var text = trimmed(line)
        while !text.contains(";"), let more = lines.popFirst() { text += " " + trimmed(more) }
        while text.contains("/*"), !text.contains("*/"), let more = lines.popFirst() { text += " " + trimmed(more) }
        return text
    }

    /// The text of a comment: one line for each paragraph, with empty lines between them. Indented lines are code, and each stays a line.
    private static func comment(startingWith line: Substring, _ lines: inout ArraySlice<Substring>) -> String {
        var raw = [String(line.dropFirst(2))]
        while !raw[raw.count - 1].contains("*/"), let more = lines.popFirst() {
            let more = trimmed(more)
            raw.append(String(more.hasPrefix("*/") ? more[...] : more.dropFirst(more.hasPrefix("* ") ? 2 : 1)))
        }
        var text = ""
        var wasCode = false
        for line in raw.map({ $0.replacing("*/", with: "") }) {
            let isCode = line.hasPrefix("    ")
            let content = isCode ? line : trimmed(line)
            if content.isEmpty || isCode != wasCode { text += text.isEmpty || text.hasSuffix("\n\n") ? "" : "\n\n" }
            if !text.isEmpty, !text.hasSuffix("\n") { text += isCode ? "\n" : " " }
            text += content
            wasCode = isCode
        }
        return trimmed(text)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = Substring(text)
        while let first = text.first, first == " " || first == "\n" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\n" { text.removeLast() }
        return String(text)
    }
}
