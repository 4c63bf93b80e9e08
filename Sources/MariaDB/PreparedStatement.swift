import CMariaDB
import SQL

/// A statement that the server has prepared for a connection, with the memory for its parameters and its rows.
///
/// It is closed when it is released, which tells the server. After `mysql_close` it only frees memory.
final class PreparedStatement {
    let handle: UnsafeMutablePointer<MYSQL_STMT>
    let kind: StatementKind
    let parameterCount: Int
    /// How its rows looked when it was last run.
    var columns: ResultColumns?

    private let bindings: UnsafeMutablePointer<MYSQL_BIND>
    /// Of each parameter: an integer, or the bits of a real number.
    private let numbers: UnsafeMutablePointer<UInt64>

    /// Takes a handle with which a statement was prepared.
    init(_ handle: UnsafeMutablePointer<MYSQL_STMT>, _ kind: StatementKind) {
        (self.handle, self.kind) = (handle, kind)
        parameterCount = Int(mysql_stmt_param_count(handle))
        bindings = .allocate(capacity: parameterCount)
        bindings.initialize(repeating: MYSQL_BIND(), count: parameterCount)
        numbers = .allocate(capacity: parameterCount)
        numbers.initialize(repeating: 0, count: parameterCount)
    }

    deinit {
        mysql_stmt_close(handle)
        bindings.deallocate()
        numbers.deallocate()
    }

    /// Runs it. Its rows are left to be read.
    ///
    /// - Returns: whether it succeeded.
    func execute(_ parameters: ValueList) -> Bool {
        assert(parameters.count == parameterCount)
        guard parameterCount > 0 else { return mysql_stmt_execute(handle) == 0 }
        var succeeded = false
        // Text and bytes are not copied: all of them are there until the last call returns, and that call runs the statement.
        parameters.visit { (index, value) in
            bind(index, value)
            guard index == parameterCount - 1 else { return }
            succeeded = mysql_stmt_bind_param(handle, bindings) == 0 && mysql_stmt_execute(handle) == 0
        }
        return succeeded
    }

    /// From now on the server keeps its rows in a table of their own when it is run, and sends them as they are fetched. A result that cannot be
    /// kept so, such as that of SHOW, comes whole.
    func openCursors() {
        var type = UInt(CURSOR_TYPE_READ_ONLY.rawValue)
        mysql_stmt_attr_set(handle, STMT_ATTR_CURSOR_TYPE, &type)
    }

    /// How many rows the server sends at once, from a cursor.
    func prefetch(_ rows: Int) {
        var rows = UInt(rows)
        mysql_stmt_attr_set(handle, STMT_ATTR_PREFETCH_ROWS, &rows)
    }

    private func bind(_ index: Int, _ value: ValueView) {
        var binding = MYSQL_BIND()
        switch value {
        case .null: binding.buffer_type = MYSQL_TYPE_NULL
        case .integer(let number):
            numbers[index] = UInt64(bitPattern: number)
            (binding.buffer_type, binding.buffer) = (MYSQL_TYPE_LONGLONG, UnsafeMutableRawPointer(numbers + index))
        case .real(let number):
            numbers[index] = number.bitPattern
            (binding.buffer_type, binding.buffer) = (MYSQL_TYPE_DOUBLE, UnsafeMutableRawPointer(numbers + index))
        case .text(let text):
            (binding.buffer_type, binding.buffer) = (MYSQL_TYPE_STRING, start(of: text))
            binding.buffer_length = UInt(text.count)
        case .bytes(let bytes):
            (binding.buffer_type, binding.buffer) = (MYSQL_TYPE_BLOB, start(of: bytes))
            binding.buffer_length = UInt(bytes.count)
        }
        bindings[index] = binding
    }

    /// A null pointer would be NULL, so empty values point to something.
    private func start(of bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer {
        bytes.isEmpty ? UnsafeMutableRawPointer(numbers) : UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
    }
}
