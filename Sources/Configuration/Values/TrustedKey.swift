import FoundationEssentials

/// An Ed25519 public key (RFC 8032) as people write it: base64, then a space and a comment if there is one.
package struct TrustedKey: Sendable, Equatable {
    /// Why a text is not a key. Continues "expected …, found ".
    package struct Problem: Error, Equatable {
        package let found: String
    }

    package static let expectation = "expected an Ed25519 public key: 32 bytes in base64, then a space and a comment"
    package static let size = 32

    package let bytes: [UInt8]
    /// Whose key it is, in the words of the person who made or listed it. May be empty. Has no control characters.
    package let comment: String

    package init(bytes: [UInt8], comment: String) throws(Problem) {
        guard bytes.count == Self.size else { throw Problem(found: "\(bytes.count) bytes") }
        guard !Self.isWeak(bytes) else {
            throw Problem(found: "a point of small order, for which everybody can sign")
        }
        guard printable(comment) == comment else { throw Problem(found: "a control character in the comment") }
        self.bytes = bytes
        self.comment = comment
    }

    package init(parsing text: String) throws(Problem) {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let digits = parts.first.map(String.init) ?? ""
        // Only the canonical text of the bytes: two texts for one key would look like two keys.
        guard let data = Data(base64Encoded: digits), data.base64EncodedString() == digits, !digits.isEmpty else {
            throw Problem(found: "the text \(quoted(text))")
        }
        let comment = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        try self.init(bytes: Array(data), comment: comment)
    }

    package var base64: String { Data(bytes).base64EncodedString() }

    /// The text that `init(parsing:)` reads.
    package var text: String { comment.isEmpty ? base64 : base64 + " " + comment }

    /// The comment in quotes, or the key itself when there is no comment.
    package var name: String { comment.isEmpty ? base64 : quoted(comment) }
}

extension TrustedKey {
    /// The y coordinates of the eight points of small order, and other encodings of them; the top bit is the sign of x. A
    /// placeholder of zeros is among them: listing it would trust everybody.
    private static let weak: [String] = [
        String(repeating: "00", count: 32),
        "01" + String(repeating: "00", count: 31),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + String(repeating: "ff", count: 30) + "7f",
        "ed" + String(repeating: "ff", count: 30) + "7f",
        "ee" + String(repeating: "ff", count: 30) + "7f",
    ]

    private static func isWeak(_ bytes: [UInt8]) -> Bool {
        var point = bytes
        point[Self.size - 1] &= 0x7F
        let text = point.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return weak.contains(text)
    }
}
