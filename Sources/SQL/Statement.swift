/// A statement of SQL. Connections prepare it when they run it for the first time.
package struct Statement: Sendable {
    /// Names it among all statements of a pool, from 0. Connections find what they have prepared by it.
    package let number: Int
    package let text: String

    package init(number: Int, text: String) { (self.number, self.text) = (number, text) }
}

/// A statement with its parameters.
package struct Command: Sendable {
    package let statement: Statement
    package let parameters: ValueList

    package init(_ statement: Statement, _ parameters: ValueList = ValueList()) {
        (self.statement, self.parameters) = (statement, parameters)
    }
}

/// What a statement has returned.
package struct StatementResult: Sendable, Equatable {
    /// Their names. Empty: the statement returns no rows.
    package var columns: [String] = []
    /// Row by row.
    package var values = ValueList()
    /// Rows that were inserted, changed or deleted.
    package var changes: UInt64 = 0
    /// The id of the last row that was inserted, or what the statement has given to `last_insert_id(…)`; 0: none.
    package var lastID: Int64 = 0
    /// A batch of rows, after which there are more.
    package var isPartial = false

    package init() {}

    package var rowCount: Int { columns.isEmpty ? 0 : values.count / columns.count }
}
