import CMariaDB
import SQL

/// The columns of a result, and the memory into which libmariadb writes a row.
final class ResultColumns {
    enum Fetch { case row, end, failed }
    enum Append { case done, tooLarge, failed }

    private enum Kind { case integer, unsigned, real, text, bytes }

    private struct Column: Equatable {
        let kind: Kind
        /// Of its value, in `memory`.
        let offset: Int
        let capacity: Int
    }

    let names: [String]
    private let columns: [Column]
    private let fields: [(type: enum_field_types, flags: UInt32, charset: UInt32)]
    private let memory: UnsafeMutableRawPointer
    /// Of each value, in bytes; more than the capacity: only its beginning is in `memory`.
    private let lengths: UnsafeMutablePointer<UInt>
    private let nulls: UnsafeMutablePointer<my_bool>

    /// Longer values are fetched one by one.
    private static let largestCapacity = 1_024
    /// Numbers and times as text always fit.
    private static let smallestCapacity = 96
    /// The character set of what is not text.
    private static let binary: UInt32 = 63

    init(_ fields: UnsafeBufferPointer<MYSQL_FIELD>) {
        names = fields.map { String(cString: $0.name) }
        self.fields = fields.map { ($0.type, $0.flags, $0.charsetnr) }
        var size = 0
        columns = fields.map { field in
            let kind = Self.kind(of: field)
            let capacity =
                switch kind {
                case .integer, .unsigned, .real: 8
                case .text, .bytes: (max(Self.smallestCapacity, min(Int(field.length), Self.largestCapacity)) + 7) & ~7
                }
            defer { size += capacity }
            return Column(kind: kind, offset: size, capacity: capacity)
        }
        memory = .allocate(byteCount: size, alignment: 8)
        lengths = .allocate(capacity: fields.count)
        lengths.initialize(repeating: 0, count: fields.count)
        nulls = .allocate(capacity: fields.count)
        nulls.initialize(repeating: 0, count: fields.count)
    }

    deinit {
        memory.deallocate()
        lengths.deallocate()
        nulls.deallocate()
    }

    private static func kind(of field: MYSQL_FIELD) -> Kind {
        switch field.type {
        case MYSQL_TYPE_TINY, MYSQL_TYPE_SHORT, MYSQL_TYPE_INT24, MYSQL_TYPE_LONG, MYSQL_TYPE_YEAR: .integer
        case MYSQL_TYPE_LONGLONG: field.flags & UInt32(UNSIGNED_FLAG) != 0 ? .unsigned : .integer
        case MYSQL_TYPE_FLOAT, MYSQL_TYPE_DOUBLE: .real
        case MYSQL_TYPE_BIT, MYSQL_TYPE_GEOMETRY: .bytes
        case MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_MEDIUM_BLOB, MYSQL_TYPE_LONG_BLOB, MYSQL_TYPE_BLOB, MYSQL_TYPE_VAR_STRING,
            MYSQL_TYPE_STRING, MYSQL_TYPE_VARCHAR:
            field.charsetnr == binary ? .bytes : .text
        // Dates, times, decimals.
        default: .text
        }
    }

    /// Whether rows with these fields can be read with it: the types of `SELECT ?` are those of the parameters.
    func haveTypes(of others: UnsafeBufferPointer<MYSQL_FIELD>) -> Bool {
        guard others.count == fields.count else { return false }
        for index in fields.indices {
            let (mine, other) = (fields[index], others[index])
            guard mine.type == other.type, mine.flags == other.flags, mine.charset == other.charsetnr else {
                return false
            }
        }
        return true
    }

    func haveNames(of others: UnsafeBufferPointer<MYSQL_FIELD>) -> Bool {
        for index in names.indices {
            let name = UnsafeBufferPointer(start: others[index].name, count: Int(others[index].name_length))
            guard name.withMemoryRebound(to: UInt8.self, { $0.elementsEqual(names[index].utf8) }) else { return false }
        }
        return true
    }

    /// - Returns: whether it succeeded.
    func bind(to statement: UnsafeMutablePointer<MYSQL_STMT>) -> Bool {
        let bindings = columns.indices.map { index in
            var binding = MYSQL_BIND()
            binding.buffer_type = Self.type(of: columns[index].kind)
            binding.buffer = memory + columns[index].offset
            binding.buffer_length = UInt(columns[index].capacity)
            binding.length = lengths + index
            binding.is_null = nulls + index
            binding.is_unsigned = columns[index].kind == .unsigned ? 1 : 0
            return binding
        }
        // libmariadb copies them, and only reads.
        return bindings.withUnsafeBufferPointer {
            mysql_stmt_bind_result(statement, UnsafeMutablePointer(mutating: $0.baseAddress)) == 0
        }
    }

    private static func type(of kind: Kind) -> enum_field_types {
        switch kind {
        case .integer, .unsigned: MYSQL_TYPE_LONGLONG
        case .real: MYSQL_TYPE_DOUBLE
        case .text: MYSQL_TYPE_STRING
        case .bytes: MYSQL_TYPE_BLOB
        }
    }

    /// Reads the next row from the server into the memory.
    func fetchRow(of statement: UnsafeMutablePointer<MYSQL_STMT>) -> Fetch {
        switch mysql_stmt_fetch(statement) {
        case 0, MYSQL_DATA_TRUNCATED: .row
        case MYSQL_NO_DATA: .end
        default: .failed
        }
    }

    /// Appends the row that was fetched.
    ///
    /// - Parameter limit: the most bytes of all values.
    func appendRow(
        of statement: UnsafeMutablePointer<MYSQL_STMT>, to values: inout ValueList, limit: Int
    ) -> Append {
        for index in columns.indices {
            if nulls[index] != 0 {
                values.append(.null)
                continue
            }
            let (column, length) = (columns[index], Int(lengths[index]))
            let start = memory + column.offset
            switch column.kind {
            case .integer: values.append(.integer(start.load(as: Int64.self)))
            case .unsigned: Self.append(start.load(as: UInt64.self), to: &values)
            case .real: values.append(.real(start.load(as: Double.self)))
            case .text, .bytes:
                guard values.byteCount + length <= limit else { return .tooLarge }
                if length <= column.capacity {
                    values.append(Self.view(UnsafeRawBufferPointer(start: start, count: length), column.kind))
                } else if !appendLong(index, length, of: statement, to: &values) {
                    return .failed
                }
            }
        }
        return values.byteCount <= limit ? .done : .tooLarge
    }

    private static func view(_ bytes: UnsafeRawBufferPointer, _ kind: Kind) -> ValueView {
        kind == .text ? .text(bytes) : .bytes(bytes)
    }

    /// Text if it is larger than an Int64.
    private static func append(_ number: UInt64, to values: inout ValueList) {
        if let signed = Int64(exactly: number) {
            values.append(.integer(signed))
        } else {
            values.append(String(number))
        }
    }

    private func appendLong(
        _ index: Int, _ length: Int, of statement: UnsafeMutablePointer<MYSQL_STMT>, to values: inout ValueList
    ) -> Bool {
        let whole = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 1)
        defer { whole.deallocate() }
        var (fetched, isNull) = (UInt(0), my_bool(0))
        let succeeded = withUnsafeMutablePointer(to: &fetched) { fetched in
            withUnsafeMutablePointer(to: &isNull) { isNull in
                var binding = MYSQL_BIND()
                binding.buffer_type = Self.type(of: columns[index].kind)
                (binding.buffer, binding.buffer_length) = (whole.baseAddress, UInt(length))
                (binding.length, binding.is_null) = (fetched, isNull)
                return mysql_stmt_fetch_column(statement, &binding, UInt32(index), 0) == 0
            }
        }
        guard succeeded, Int(fetched) == length else { return false }
        values.append(Self.view(UnsafeRawBufferPointer(whole), columns[index].kind))
        return true
    }
}
