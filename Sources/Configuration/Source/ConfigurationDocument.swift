/// One TOML text as a tree of values with positions.
package struct ConfigurationDocument: Sendable {
    package var text: String
    package var root: ConfigurationTable

    /// Throws every reason why the bytes of `file` are not TOML: encoding first, then syntax.
    package init(bytes: [UInt8], file: String) throws(ConfigurationError) {
        if let offset = bytes.firstIndex(of: 0) {
            let message = "expected text, found a NUL byte"
            throw ConfigurationError([Diagnostic(file: file, position: place(offset, bytes), message: message)])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let offset = firstInvalidByte(bytes)
            let message = "expected UTF-8, found the byte 0x\(String(bytes[offset], radix: 16))"
            throw ConfigurationError([Diagnostic(file: file, position: place(offset, bytes), message: message)])
        }
        try self.init(text: text, file: file)
    }

    package init(text: String, file: String) throws(ConfigurationError) {
        let locator = SourceLocator(text)
        if let refusal = locator.refusal {
            throw ConfigurationError([Diagnostic(file: file, position: refusal.position, message: refusal.message)])
        }
        self.text = text
        self.root = try parseTOML(text, file: file, locator: locator)
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
