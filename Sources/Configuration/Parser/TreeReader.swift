import CTOML

/// Reads the format of `ctoml.h`. A damaged file may make the child write anything, so nothing in its answer is trusted: every
/// length is compared with the bytes that are left, every place with the text.
struct TreeReader {
    struct Damage: Error {
        var message: String
    }

    enum Answer {
        case tree(ConfigurationTable)
        /// The text cannot be parsed.
        case problem(Position?, String)
    }

    /// No valid answer is longer: each value needs at least one byte of the text, and most of the answer is places.
    static func sizeLimit(ofText count: Int) -> Int { 4096 + 24 * count }

    private static let depthLimit = Int(CTOML_DEPTH_LIMIT)

    private var answer: ByteReader
    private let lines: LineLengths
    private var valuesLeft: Int
    private var textLeft: Int

    init(_ answer: [UInt8], of text: String) {
        self.answer = ByteReader(answer)
        lines = LineLengths(of: text)
        // A text cannot contain more than this.
        valuesLeft = text.utf8.count
        textLeft = text.utf8.count
    }

    mutating func read() throws(Damage) -> Answer {
        let result: Answer
        switch try answer.byte() {
        case UInt8(ascii: "T"): result = .tree(try table(at: .start, depth: 1))
        case UInt8(ascii: "E"):
            let (line, column) = (try answer.number(), try answer.number())
            // toml++ may report the end of a text a column or two after it.
            let position = lines.contains(line, column, beyond: 2) ? Position(line: line, column: column) : nil
            result = .problem(position, String(decoding: try answer.bytes(try answer.number()), as: UTF8.self))
        default: throw Damage(message: "expected a tree or an error")
        }
        guard answer.isAtEnd else { throw Damage(message: "expected the end") }
        return result
    }

    private mutating func table(at position: Position, depth: Int) throws(Damage) -> ConfigurationTable {
        var members: [ConfigurationTable.Member] = []
        for _ in 0..<(try answer.number()) {
            let key = try text()
            members.append(ConfigurationTable.Member(key: key, value: try value(depth: depth)))
        }
        return ConfigurationTable(members, at: position)
    }

    private mutating func value(depth: Int) throws(Damage) -> ConfigurationValue {
        valuesLeft -= 1
        guard valuesLeft >= 0, depth <= Self.depthLimit else { throw Damage(message: "more values than the text has") }
        let (line, column) = (try answer.number(), try answer.number())
        guard lines.contains(line, column, beyond: 0) else { throw Damage(message: "a place outside the text") }
        let position = Position(line: line, column: column)
        return ConfigurationValue(try content(at: position, depth: depth), at: position)
    }

    private mutating func content(
        at position: Position, depth: Int
    ) throws(Damage) -> ConfigurationValue.Content {
        switch try answer.byte() {
        case UInt8(ascii: "b"): .boolean(try answer.byte() != 0)
        case UInt8(ascii: "i"): .integer(Int64(bitPattern: try answer.bits()))
        case UInt8(ascii: "n"): .number(Double(bitPattern: try answer.bits()))
        case UInt8(ascii: "s"): .text(try text())
        case UInt8(ascii: "d"): .date
        case UInt8(ascii: "l"): .list(try list(depth: depth + 1))
        case UInt8(ascii: "t"): .table(try table(at: position, depth: depth + 1))
        default: throw Damage(message: "a value of an unknown kind")
        }
    }

    private mutating func list(depth: Int) throws(Damage) -> [ConfigurationValue] {
        var elements: [ConfigurationValue] = []
        for _ in 0..<(try answer.number()) { elements.append(try value(depth: depth)) }
        return elements
    }

    private mutating func text() throws(Damage) -> String {
        let bytes = try answer.bytes(try answer.number())
        textLeft -= bytes.count
        // No escape is shorter than the character that it means.
        guard textLeft >= 0, !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw Damage(message: "a text that is not valid")
        }
        return text
    }
}
