import SQL

/// What a plugin's statement does, by its first word.
///
/// The host owns transactions and sessions, so the words of a short list pass and every other is refused: BEGIN, SET, USE, LOCK,
/// PREPARE, LOAD, CALL, what is not known yet. The server refuses a second statement in the same text.
///
/// This keeps an honest plugin from breaking the host's transactions. It says nothing about what a statement reads, writes or
/// calls: stored functions and triggers do what their authors want, and functions such as GET_LOCK change the session until it is
/// reset. The rights of the user of the database are the real protection.
enum StatementKind {
    case read
    case change
    /// The server commits the open transaction before it. https://mariadb.com/kb/en/sql-statements-that-cause-an-implicit-commit/
    case definition

    init(of text: String) throws(DatabaseError) {
        var words = Words(text)
        guard !words.haveExecutableComment else {
            throw DatabaseError(.denied, "a comment of the form /*! is not allowed in a statement")
        }
        let word = words.next()
        guard let kind = Self.kinds[word] else {
            throw DatabaseError(.denied, word.isEmpty ? "expected a statement, found none" : "\(word) is not allowed")
        }
        // A temporary table is made and dropped without a commit.
        self = (word == "CREATE" || word == "DROP") && words.next() == "TEMPORARY" ? .change : kind
    }

    /// Whether a statement may leave something in the session: variables, locks, temporary tables. One that only looks like it counts too.
    static func leavesState(_ text: String) -> Bool {
        let text = text.uppercased()
        return ["@", "GET_LOCK", "TEMPORARY"].contains { text.contains($0) }
    }

    private static let kinds: [String: StatementKind] = [
        "SELECT": .read, "WITH": .read, "VALUES": .read, "SHOW": .read, "EXPLAIN": .read, "DESCRIBE": .read,
        "DESC": .read,
        "INSERT": .change, "REPLACE": .change, "UPDATE": .change, "DELETE": .change,
        "CREATE": .definition, "ALTER": .definition, "DROP": .definition, "RENAME": .definition,
        "TRUNCATE": .definition,
        "ANALYZE": .definition, "OPTIMIZE": .definition, "CHECK": .definition, "REPAIR": .definition,
    ]
}

/// The first words of a statement, in capitals.
private struct Words {
    private let text: [UInt8]
    private var position = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    private func has(_ bytes: StaticString, at position: Int) -> Bool {
        guard position + bytes.utf8CodeUnitCount <= text.count else { return false }
        return bytes.withUTF8Buffer { $0.elementsEqual(text[position..<position + bytes.utf8CodeUnitCount]) }
    }

    /// The server runs what is in such a comment. Text that looks like one is found too: it belongs into a parameter.
    var haveExecutableComment: Bool {
        text.indices.contains { text[$0] == UInt8(ascii: "/") && (has("/*!", at: $0) || has("/*M!", at: $0)) }
    }

    /// Empty: something else than a word is next.
    mutating func next() -> String {
        skipSpace()
        let start = position
        while position < text.count, Self.isLetter(text[position]) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self).uppercased()
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }

    /// Spaces, comments, and the parentheses around a SELECT.
    private mutating func skipSpace() {
        while position < text.count {
            if has("/*", at: position) {
                position += 2
                while position < text.count, !has("*/", at: position) { position += 1 }
                position += 2
            } else if has("#", at: position) || isDashComment {
                while position < text.count, text[position] != UInt8(ascii: "\n") { position += 1 }
            } else if text[position] <= UInt8(ascii: " ") || text[position] == UInt8(ascii: "(") {
                position += 1
            } else {
                return
            }
        }
        position = min(position, text.count)
    }

    /// Two dashes and a space.
    private var isDashComment: Bool {
        has("--", at: position) && (position + 2 == text.count || text[position + 2] <= UInt8(ascii: " "))
    }
}
