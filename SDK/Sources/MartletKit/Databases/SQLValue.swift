import CMartlet

/// A value of SQL.
public enum SQLValue: Hashable, Sendable {
    /// NULL.
    case null
    /// An integer.
    case integer(Int64)
    /// A real number.
    case real(Double)
    /// Text in UTF-8.
    case text(String)
    /// Any bytes.
    case bytes([UInt8])

    /// The value, or NULL.
    public init(_ integer: Int64?) { self = integer.map { .integer($0) } ?? .null }
    /// The value, or NULL.
    public init(_ real: Double?) { self = real.map { .real($0) } ?? .null }
    /// The value, or NULL.
    public init(_ text: String?) { self = text.map { .text($0) } ?? .null }
    /// The value, or NULL.
    public init(_ bytes: [UInt8]?) { self = bytes.map { .bytes($0) } ?? .null }

    init(_ value: martlet_sql_value) {
        let bytes = UnsafeRawBufferPointer(start: value.text.data, count: value.text.length)
        switch value.kind {
        case MARTLET_SQL_INTEGER: self = .integer(value.integer)
        case MARTLET_SQL_REAL: self = .real(value.real)
        case MARTLET_SQL_TEXT: self = .text(String(decoding: bytes, as: UTF8.self))
        case MARTLET_SQL_BYTES: self = .bytes(Array(bytes))
        default: self = .null
        }
    }
}

extension SQLValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral
{
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .real(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral bytes: UInt8...) { self = .bytes(bytes) }
}

/// A statement that a plugin has declared with `Database.prepare`.
public struct SQLStatement: Hashable, Sendable {
    let number: martlet_statement

    /// The statement with its parameters, in the order of their question marks.
    public func callAsFunction(_ values: SQLValue...) -> SQLCommand { SQLCommand(statement: self, values: values) }
}

/// A statement with its parameters.
public struct SQLCommand: Hashable, Sendable {
    /// One that `Database.prepare` has declared.
    public var statement: SQLStatement
    /// In the order of their question marks.
    public var values: [SQLValue]

    /// - Parameters:
    ///   - statement: one that `Database.prepare` has declared.
    ///   - values: in the order of its question marks.
    public init(statement: SQLStatement, values: [SQLValue] = []) {
        (self.statement, self.values) = (statement, values)
    }
}

extension [SQLCommand] {
    /// Calls a function with the commands as the host reads them: the commands, then their values, then all text and bytes, in one block of
    /// memory, which is on the stack if it is small.
    func withHostCommands<Result>(_ body: (UnsafeBufferPointer<martlet_command>) -> Result) -> Result {
        var (values, bytes) = (0, 0)
        for command in self {
            values += command.values.count
            for value in command.values { bytes += value.byteCount }
        }
        let commandsEnd = MemoryLayout<martlet_command>.stride * count
        let valuesEnd = commandsEnd + MemoryLayout<martlet_sql_value>.stride * values
        return withUnsafeTemporaryAllocation(
            byteCount: valuesEnd + bytes, alignment: MemoryLayout<martlet_sql_value>.alignment
        ) { block in
            let start = block.baseAddress!
            let commands = start.bindMemory(to: martlet_command.self, capacity: count)
            var value = (start + commandsEnd).bindMemory(to: martlet_sql_value.self, capacity: values)
            var place = start + valuesEnd
            for (index, command) in enumerated() {
                (commands + index).initialize(
                    to: martlet_command(
                        statement: command.statement.number, value_count: UInt32(command.values.count), values: value))
                for one in command.values {
                    value.initialize(to: one.hostValue(copyingTo: &place))
                    value += 1
                }
            }
            return body(UnsafeBufferPointer(start: commands, count: count))
        }
    }
}

extension SQLValue {
    /// Of text and bytes.
    fileprivate var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        default: 0
        }
    }

    /// - Parameter place: where text and bytes are copied to; after them on return.
    fileprivate func hostValue(copyingTo place: inout UnsafeMutableRawPointer) -> martlet_sql_value {
        var value = martlet_sql_value()
        switch self {
        case .null: value.kind = MARTLET_SQL_NULL
        case .integer(let integer): (value.kind, value.integer) = (MARTLET_SQL_INTEGER, integer)
        case .real(let real): (value.kind, value.real) = (MARTLET_SQL_REAL, real)
        case .text(var text):
            value.kind = MARTLET_SQL_TEXT
            value.text = text.withUTF8 { Self.copy(UnsafeRawBufferPointer($0), to: &place) }
        case .bytes(let bytes):
            value.kind = MARTLET_SQL_BYTES
            value.text = bytes.withUnsafeBytes { Self.copy($0, to: &place) }
        }
        return value
    }

    private static func copy(
        _ bytes: UnsafeRawBufferPointer, to place: inout UnsafeMutableRawPointer
    ) -> martlet_text {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return martlet_text() }
        place.copyMemory(from: base, byteCount: bytes.count)
        defer { place += bytes.count }
        return martlet_text(data: place.assumingMemoryBound(to: CChar.self), length: bytes.count)
    }
}
