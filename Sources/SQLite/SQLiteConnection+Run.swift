import CSQLite
import SQL

extension SQLiteConnection {
    /// Runs a statement and reads its rows.
    func run(_ command: Command, _ limits: RunLimits) throws(DatabaseError) -> StatementResult {
        try open(command, limits) { (prepared) throws(DatabaseError) in
            let statement = prepared.handle
            let before = totalChanges
            // The result has no id of an earlier statement. Later statements may ask for that one, if this one has inserted nothing.
            earlierID.pointee = sqlite3_last_insert_rowid(handle)
            sqlite3_set_last_insert_rowid(handle, 0)
            defer {
                if sqlite3_last_insert_rowid(handle) == 0 { sqlite3_set_last_insert_rowid(handle, earlierID.pointee) }
            }
            var result = StatementResult()
            while try step(statement) {
                appendRow(of: statement, to: &result)
                guard result.values.byteCount <= limits.resultBytes else {
                    throw DatabaseError(.tooLarge, "the result has more than \(limits.resultBytes) bytes")
                }
            }
            result.columns = prepared.currentColumns()
            if totalChanges != before {
                result.changes = UInt64(sqlite3_changes64(handle))
                result.lastID = sqlite3_last_insert_rowid(handle)
            }
            return result
        }
    }

    /// `DatabaseSession.read`. While `next` waits, the statement keeps its snapshot of the file.
    func read(
        _ command: Command, _ limits: RunLimits, batchBytes: Int, _ next: (StatementResult) -> RunLimits?
    ) throws(DatabaseError) -> StatementResult {
        try open(command, limits) { (prepared) throws(DatabaseError) in
            let statement = prepared.handle
            var (limits, batch) = (limits, StatementResult())
            while try step(statement) {
                if batch.values.byteCount >= batchBytes {
                    (batch.columns, batch.isPartial) = (prepared.currentColumns(), true)
                    // The time of others does not count.
                    deadline.pointee = .max
                    guard let granted = next(batch) else { return StatementResult() }
                    (limits, batch) = (granted, StatementResult())
                    deadline.pointee = limits.deadline
                }
                let before = batch.values.byteCount
                appendRow(of: statement, to: &batch)
                guard batch.values.byteCount - before <= limits.resultBytes else {
                    throw DatabaseError(.tooLarge, "a row has more than \(limits.resultBytes) bytes")
                }
            }
            batch.columns = prepared.currentColumns()
            return batch
        }
    }

    /// Prepares a statement for a function that steps through its rows, and resets it afterwards.
    private func open(
        _ command: Command, _ limits: RunLimits,
        _ body: (PreparedStatement) throws(DatabaseError) -> StatementResult
    ) throws(DatabaseError) -> StatementResult {
        let prepared = try prepare(command.statement)
        let statement = prepared.handle
        guard !limits.readsOnly || sqlite3_stmt_readonly(statement) != 0 else {
            throw DatabaseError(.readOnly, "a query that changes something: use execute without QUERY")
        }
        deadline.pointee = limits.deadline
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
            deadline.pointee = .max
        }
        try bind(command.parameters, to: statement)
        return try body(prepared)
    }

    /// False: there are no more rows.
    private func step(_ statement: OpaquePointer) throws(DatabaseError) -> Bool {
        let code = sqlite3_step(statement)
        guard code == SQLITE_ROW || code == SQLITE_DONE else { throw failure(code) }
        return code == SQLITE_ROW
    }

    private func appendRow(of statement: OpaquePointer, to result: inout StatementResult) {
        for column in 0..<sqlite3_column_count(statement) { result.values.append(Self.value(statement, column)) }
    }

    private func failure(_ code: Int32) -> DatabaseError { DatabaseError(sqlite: handle, code) }

    private func bind(_ parameters: ValueList, to statement: OpaquePointer) throws(DatabaseError) {
        let expected = Int(sqlite3_bind_parameter_count(statement))
        guard parameters.count == expected else {
            throw DatabaseError(.parameter, "expected \(expected) parameters, found \(parameters.count)")
        }
        var failed = SQLITE_OK
        parameters.visit { (index, value) in
            guard failed == SQLITE_OK else { return }
            let place = Int32(index + 1)
            failed =
                switch value {
                case .null: sqlite3_bind_null(statement, place)
                case .integer(let number): sqlite3_bind_int64(statement, place, number)
                case .real(let number): sqlite3_bind_double(statement, place, number)
                case .text(let text): sqlite_bind_text(statement, place, text.baseAddress, UInt64(text.count))
                case .bytes(let bytes):
                    sqlite_bind_bytes(statement, place, bytes.baseAddress, UInt64(bytes.count))
                }
        }
        guard failed == SQLITE_OK else { throw failure(failed) }
    }

    private static func value(_ statement: OpaquePointer, _ column: Int32) -> ValueView {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(statement, column))
        case SQLITE_TEXT: .text(bytes(sqlite3_column_text(statement, column), statement, column))
        case SQLITE_BLOB: .bytes(bytes(sqlite3_column_blob(statement, column), statement, column))
        default: .null
        }
    }

    private static func bytes(
        _ start: UnsafeRawPointer?, _ statement: OpaquePointer, _ column: Int32
    ) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
    }
}
