/// A place in TOML text that only moves forward and knows its line and column.
struct SourceCursor {
    private let bytes: [UInt8]
    private(set) var offset = 0
    private(set) var position = Position.start

    init(_ text: String) {
        bytes = Array(text.utf8)
        // toml++ skips a byte order mark and does not count it.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    var isAtEnd: Bool { offset >= bytes.count }

    /// The byte `distance` ahead; nil past the end.
    func peek(_ distance: Int = 0) -> UInt8? {
        offset + distance < bytes.count ? bytes[offset + distance] : nil
    }

    /// Whether `count` of `byte` stand here in a row.
    func isRun(of byte: UInt8, count: Int) -> Bool {
        (0..<count).allSatisfy { peek($0) == byte }
    }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            guard let byte = peek() else { return }
            offset += 1
            if byte == UInt8(ascii: "\n") {
                position = Position(line: position.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                position.column += 1
            }
        }
    }

    mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = peek(), condition(byte) { advance() }
    }

    mutating func skipBlanks() {
        skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    mutating func skipLine() {
        skip { $0 != UInt8(ascii: "\n") }
        advance()
    }

    /// Blanks, line ends and comments.
    mutating func skipTrivia() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): advance()
            case UInt8(ascii: "#"): skipLine()
            default: return
            }
        }
    }

    func bytes(from start: Int) -> ArraySlice<UInt8> {
        bytes[start..<offset]
    }
}
