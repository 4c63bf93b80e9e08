/// A step from the root of the options to a value: the key of a table as the file has it, or the index of a list.
struct OptionKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ key: String) {
        stringValue = key
        intValue = nil
    }

    init(index: Int) {
        stringValue = "[\(index)]"
        intValue = index
    }

    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(index: intValue) }
}

extension String {
    /// `maxBody` as `max_body`, `rootURL` as `root_url`, `TLSName` as `tls_name`: an underscore before each capital that
    /// begins a word.
    var inSnakeCase: String {
        let characters = Array(self)
        var result = ""
        for (index, character) in characters.enumerated() {
            guard character.isUppercase else {
                result.append(character)
                continue
            }
            let previous = index > 0 ? characters[index - 1] : "_"
            let next = index + 1 < characters.count ? characters[index + 1] : "_"
            if previous != "_", !previous.isUppercase || next.isLowercase { result.append("_") }
            result.append(character.lowercased())
        }
        return result
    }

    /// `max_body` as `maxBody`: what `inSnakeCase` turns back.
    var inCamelCase: String {
        let words = split(separator: "_")
        guard let first = words.first else { return self }
        return words.dropFirst().reduce(String(first)) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}

extension [(key: String, value: Options.Value)] {
    /// The member that a coding key means: of the same name, or of its name in snake case.
    func member(for key: any CodingKey) -> (key: String, value: Options.Value)? {
        if let exact = first(where: { $0.key == key.stringValue }) { return exact }
        let snake = key.stringValue.inSnakeCase
        return first { $0.key == snake }
    }
}
