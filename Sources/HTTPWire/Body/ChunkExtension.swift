/// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) (RFC 9112 7.1.1), one byte at a time.
///
/// The value is a token or a quoted string. The meaning of extensions is ignored, but their syntax is checked: loosely parsed
/// extensions have hidden requests (a CR or LF that one parser takes for the end of the line and another does not).
enum ChunkExtension: UInt8 {
    case beforeSemicolon, beforeName, name, afterName, beforeValue, value, quoted, escaped, closedQuote

    /// Whether the CRLF may follow now. The grammar has no blanks at the very end.
    var mayEnd: Bool { self == .name || self == .value || self == .closedQuote }

    /// Returns false when the byte is not allowed here. CR and LF are never allowed.
    mutating func accept(_ byte: UInt8) -> Bool {
        guard let next = following(byte) else { return false }
        self = next
        return true
    }

    private func following(_ byte: UInt8) -> ChunkExtension? {
        let isToken = ByteSet.token.contains(byte)
        switch self {
        case .beforeSemicolon:
            return byte.isBlank ? self : afterMember(byte)
        case .beforeName:
            return byte.isBlank ? self : isToken ? .name : nil
        case .name:
            return isToken ? self : byte.isBlank ? .afterName : afterName(byte)
        case .afterName:
            return byte.isBlank ? self : afterName(byte)
        case .beforeValue:
            return byte.isBlank ? self : isToken ? .value : byte == ASCII.doubleQuote ? .quoted : nil
        case .value:
            return isToken ? self : byte.isBlank ? .beforeSemicolon : afterMember(byte)
        case .quoted:
            return followingQuoted(byte)
        case .escaped:
            return byte.isForbiddenControl ? nil : .quoted
        case .closedQuote:
            return byte.isBlank ? .beforeSemicolon : afterMember(byte)
        }
    }

    private func afterName(_ byte: UInt8) -> ChunkExtension? {
        byte == ASCII.equals ? .beforeValue : afterMember(byte)
    }

    private func afterMember(_ byte: UInt8) -> ChunkExtension? {
        byte == ASCII.semicolon ? .beforeName : nil
    }

    /// quoted-string (RFC 9110 5.6.4).
    private func followingQuoted(_ byte: UInt8) -> ChunkExtension? {
        switch byte {
        case ASCII.doubleQuote: .closedQuote
        case ASCII.backslash: .escaped
        default: byte.isForbiddenControl ? nil : .quoted
        }
    }
}
