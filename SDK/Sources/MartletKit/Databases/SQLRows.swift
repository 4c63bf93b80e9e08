import CMartlet

/// The rows that a statement has returned. Valid until the function returns that got them, and inside `Database.transact` until the next
/// statement: do not keep them.
public struct SQLRows: RandomAccessCollection {
    private let rows: UnsafePointer<martlet_rows>?

    init(_ rows: UnsafePointer<martlet_rows>?) { self.rows = rows }

    public var startIndex: Int { 0 }
    public var endIndex: Int { rows?.pointee.row_count ?? 0 }

    public subscript(index: Int) -> SQLRow {
        precondition(indices.contains(index), "no such row")
        return SQLRow(rows!, index)
    }

    /// The names of the columns. Empty: the statement returns no rows.
    public var columns: [String] { (0..<(rows?.pointee.column_count ?? 0)).map { String(rows!.pointee.columns![$0]) } }
    /// Rows that were inserted, changed or deleted.
    public var changes: UInt64 { rows?.pointee.changes ?? 0 }
    /// The id of the last row that was inserted, or what the statement has given to `last_insert_id(…)`; 0: none.
    public var lastID: Int64 { rows?.pointee.last_id ?? 0 }
}

/// A row of a result. Valid as long as its `SQLRows`.
public struct SQLRow {
    private let values: UnsafePointer<martlet_sql_value>
    private let rows: UnsafePointer<martlet_rows>

    init(_ rows: UnsafePointer<martlet_rows>, _ index: Int) {
        self.rows = rows
        values = rows.pointee.values! + index * rows.pointee.column_count
    }

    /// The number of columns.
    public var count: Int { rows.pointee.column_count }

    private func value(_ column: Int) -> martlet_sql_value {
        precondition(column >= 0 && column < count, "no such column")
        return values[column]
    }

    /// A copy of a value.
    public subscript(column: Int) -> SQLValue { SQLValue(value(column)) }

    /// A copy of a value; NULL if there is no column of this name.
    public subscript(column: String) -> SQLValue {
        (0..<count).first { String(rows.pointee.columns![$0]) == column }.map { self[$0] } ?? .null
    }

    /// nil: it is NULL, or of another kind.
    public func integer(_ column: Int) -> Int64? {
        let value = value(column)
        return value.kind == MARTLET_SQL_INTEGER ? value.integer : nil
    }

    /// An integer counts as well. nil: it is NULL, or of another kind.
    public func real(_ column: Int) -> Double? {
        let value = value(column)
        return switch value.kind {
        case MARTLET_SQL_REAL: value.real
        case MARTLET_SQL_INTEGER: Double(value.integer)
        default: nil
        }
    }

    /// nil: it is NULL, or of another kind.
    public func text(_ column: Int) -> String? {
        let value = value(column)
        return value.kind == MARTLET_SQL_TEXT ? String(value.text) : nil
    }

    /// Text counts as well. Valid as long as the rows. nil: it is NULL, or of another kind.
    public func bytes(_ column: Int) -> UnsafeRawBufferPointer? {
        let value = value(column)
        guard value.kind == MARTLET_SQL_BYTES || value.kind == MARTLET_SQL_TEXT else { return nil }
        return UnsafeRawBufferPointer(start: value.text.data, count: value.text.length)
    }
}
