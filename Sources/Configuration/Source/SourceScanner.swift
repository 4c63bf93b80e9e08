/// Walks TOML text and tells a `SourceLocator` what stands where. Every loop moves the cursor or ends.
struct SourceScanner {
    private var cursor: SourceCursor

    init(_ text: String) {
        cursor = SourceCursor(text)
    }

    mutating func scanDocument(into locator: inout SourceLocator) {
        var table = 0
        while true {
            cursor.skipTrivia()
            guard !cursor.isAtEnd, locator.refusal == nil else { return }
            if cursor.peek() == UInt8(ascii: "[") {
                table = scanHeader(&locator) ?? 0
            } else {
                scanKeyValue(in: table, &locator)
            }
            cursor.skipLine()
        }
    }

    /// `[table]` or `[[array.of.tables]]`; returns the node that the lines below belong to.
    private mutating func scanHeader(_ locator: inout SourceLocator) -> Int? {
        let isElement = cursor.isRun(of: UInt8(ascii: "["), count: 2)
        cursor.advance(isElement ? 2 : 1)
        cursor.skipBlanks()
        if let byte = cursor.peek(), !Self.startsKey(byte) {
            let found = quoted(String(Unicode.Scalar(byte)))
            locator.refuse("TOML syntax: expected a key in the header, found \(found)", at: cursor.position)
        }
        guard let node = scanKey(from: 0, &locator) else { return nil }
        guard isElement else { return node.index }
        return locator.element(of: node.index, at: node.position)
    }

    /// `key = value`, in a table or an inline table.
    private mutating func scanKeyValue(in table: Int, _ locator: inout SourceLocator) {
        guard let node = scanKey(from: table, &locator) else { return }
        cursor.skipBlanks()
        guard cursor.peek() == UInt8(ascii: "=") else { return }
        cursor.advance()
        cursor.skipBlanks()
        scanValue(into: node.index, &locator)
    }

    /// A dotted key. An array of tables on the way stands for its last element, as TOML has it.
    private mutating func scanKey(
        from start: Int, _ locator: inout SourceLocator
    ) -> (index: Int, position: Position)? {
        var found = (index: start, position: cursor.position)
        while true {
            cursor.skipBlanks()
            let position = cursor.position
            guard let part = scanKeyPart(&locator) else { return nil }
            let parent = locator.nodes[found.index].elements.last ?? found.index
            guard let node = locator.member(part, of: parent, at: position) else { return nil }
            found = (node, position)
            cursor.skipBlanks()
            guard cursor.peek() == UInt8(ascii: ".") else { break }
            cursor.advance()
        }
        return found
    }

    private mutating func scanKeyPart(_ locator: inout SourceLocator) -> String? {
        if cursor.peek() == UInt8(ascii: "\"") || cursor.peek() == UInt8(ascii: "'") {
            let string = cursor.scanString(multiline: false)
            if let nul = string.nul { locator.refuse(Self.escapedNUL, at: nul) }
            return string.text
        }
        let start = cursor.offset
        cursor.skip { !Self.endsBareKey.contains($0) }
        return cursor.offset > start ? String(decoding: cursor.bytes(from: start), as: UTF8.self) : nil
    }

    private static let endsBareKey = Array(" \t\r\n.=[]{},#\"'".utf8)
    private static let escapedNUL = "expected text, found an escaped NUL"

    private static func startsKey(_ byte: UInt8) -> Bool {
        let character = Character(Unicode.Scalar(byte))
        return character.isASCII && (character.isLetter || character.isNumber) || "-_\"'".contains(character)
    }
}

extension SourceScanner {
    private mutating func scanValue(into node: Int, _ locator: inout SourceLocator) {
        switch cursor.peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            let string = cursor.scanString(multiline: true)
            if let nul = string.nul { locator.refuse(Self.escapedNUL, at: nul) }
        case UInt8(ascii: "["): scanArray(into: node, &locator)
        case UInt8(ascii: "{"): scanInlineTable(into: node, &locator)
        case .some(0x80...): locator.refuse("TOML syntax: expected a value", at: cursor.position)
        default: scanScalar(&locator)
        }
    }

    private static let endsScalar = Array(",]}#\r\n".utf8)

    /// A number, a boolean or a date. Only between a date and its time may a blank stand; toml++ aborts when what
    /// follows that blank is a single digit.
    private mutating func scanScalar(_ locator: inout SourceLocator) {
        cursor.skip { !Self.endsScalar.contains($0) && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        cursor.skipBlanks()
        guard let byte = cursor.peek(), !Self.endsScalar.contains(byte) else { return }
        if cursor.peek(2) == UInt8(ascii: ":") {
            cursor.skip { !Self.endsScalar.contains($0) }
        } else {
            locator.refuse("TOML syntax: expected nothing more after the value", at: cursor.position)
        }
    }

    private mutating func scanArray(into node: Int, _ locator: inout SourceLocator) {
        cursor.advance()
        while locator.refusal == nil {
            cursor.skipTrivia()
            guard let byte = cursor.peek() else { return }
            switch byte {
            case UInt8(ascii: "]"):
                cursor.advance()
                return
            case UInt8(ascii: ","): cursor.advance()
            case UInt8(ascii: "}"):
                locator.refuse("TOML syntax: expected a value or ], found }", at: cursor.position)
            default:
                guard let element = locator.element(of: node, at: cursor.position) else { return }
                scanValue(into: element, &locator)
            }
        }
    }

    private mutating func scanInlineTable(into node: Int, _ locator: inout SourceLocator) {
        cursor.advance()
        while locator.refusal == nil {
            cursor.skipTrivia()
            guard let byte = cursor.peek() else { return }
            switch byte {
            case UInt8(ascii: "}"):
                cursor.advance()
                return
            case UInt8(ascii: ","): cursor.advance()
            default:
                let before = cursor.offset
                scanKeyValue(in: node, &locator)
                // Neither a key nor a value here: step over it, or the loop would not end.
                if cursor.offset == before { cursor.advance() }
            }
        }
    }
}
