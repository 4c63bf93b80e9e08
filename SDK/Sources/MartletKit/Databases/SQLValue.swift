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
    /// Calls a function with the commands as the host reads them.
    func withHostCommands<Result>(_ body: (UnsafeBufferPointer<martlet_command>) -> Result) -> Result {
        var bytes: [UInt8] = []
        var values: [martlet_sql_value] = []
        var places: [Int] = []
        for command in self {
            for value in command.values {
                places.append(bytes.count)
                values.append(value.hostValue(appendingTo: &bytes))
            }
        }
        return bytes.withUnsafeBytes { bytes in
            for (index, place) in places.enumerated() where values[index].text.length > 0 {
                values[index].text.data = (bytes.baseAddress! + place).assumingMemoryBound(to: CChar.self)
            }
            return values.withUnsafeBufferPointer { values in
                var next = values.baseAddress
                let commands = map { command in
                    defer { next = next.map { $0 + command.values.count } }
                    return martlet_command(
                        statement: command.statement.number, value_count: UInt32(command.values.count), values: next)
                }
                return commands.withUnsafeBufferPointer(body)
            }
        }
    }
}

extension SQLValue {
    /// Text and bytes still lack their address.
    fileprivate func hostValue(appendingTo bytes: inout [UInt8]) -> martlet_sql_value {
        var value = martlet_sql_value()
        let start = bytes.count
        switch self {
        case .null: value.kind = MARTLET_SQL_NULL
        case .integer(let integer): (value.kind, value.integer) = (MARTLET_SQL_INTEGER, integer)
        case .real(let real): (value.kind, value.real) = (MARTLET_SQL_REAL, real)
        case .text(let text):
            value.kind = MARTLET_SQL_TEXT
            bytes.append(contentsOf: text.utf8)
        case .bytes(let more):
            value.kind = MARTLET_SQL_BYTES
            bytes.append(contentsOf: more)
        }
        value.text.length = bytes.count - start
        return value
    }
}
