/// One TOML text as a tree of values with positions.
package struct ConfigurationDocument: Sendable {
    package var text: String
    package var root: ConfigurationTable

    /// Throws every reason why the bytes of `file` are not TOML: encoding first, then syntax.
    package init(bytes: [UInt8], file: String, parser: TOMLParser) throws(ConfigurationError) {
        try self.init(text: Self.text(of: bytes, file: file), file: file, parser: parser)
    }

    package init(text: String, file: String, parser: TOMLParser) throws(ConfigurationError) {
        self.text = text
        root = try parser.parse([TOMLParser.Text(file: file, text: text)])[0].get()
    }

    init(text: String, root: ConfigurationTable) {
        self.text = text
        self.root = root
    }

    /// Throws when the bytes contain a NUL or are not UTF-8.
    static func text(of bytes: [UInt8], file: String) throws(ConfigurationError) -> String {
        if let offset = bytes.firstIndex(of: 0) {
            let message = "expected text, found a NUL byte"
            throw ConfigurationError([Diagnostic(file: file, position: place(offset, bytes), message: message)])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let offset = firstInvalidByte(bytes)
            let message = "expected UTF-8, found the byte 0x\(String(bytes[offset], radix: 16))"
            throw ConfigurationError([Diagnostic(file: file, position: place(offset, bytes), message: message)])
        }
        return text
    }
}

private func place(_ offset: Int, _ bytes: [UInt8]) -> Position {
    let before = bytes[..<offset]
    let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    return Position(line: line, column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1)
}

/// Precondition: `bytes` is not UTF-8.
private func firstInvalidByte(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
        offset += UTF8.width(scalar)
    }
    return min(offset, bytes.count - 1)
}
