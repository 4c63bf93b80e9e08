import CSQLite
import SQL

/// Looks whether a database is in order while others read and write it: as it is at the moment when this begins.
package struct SQLiteCheck {
    /// The most problems of each kind that are reported.
    package static let limit = 100

    private let path: String

    package init(_ path: String) { self.path = path }

    /// - Parameter goesOn: is asked now and then; false ends it. `.timeout` is thrown then.
    /// - Returns: what is wrong; empty: nothing.
    package func run(_ goesOn: @escaping () -> Bool) throws(DatabaseError) -> [String] {
        do throws(DatabaseError) {
            let reader = try SQLiteConnection(path, .read)
            reader.watch(goesOn)
            try reader.execute("BEGIN")
            return try damage(reader) + orphans(reader)
        } catch {
            // So badly that it cannot be read.
            guard error.kind == .damaged else { throw error }
            return [error.text]
        }
    }

    /// https://www.sqlite.org/pragma.html#pragma_integrity_check
    private func damage(_ reader: SQLiteConnection) throws(DatabaseError) -> [String] {
        let rows = try reader.texts("PRAGMA integrity_check(\(Self.limit))", atMost: Self.limit)
        return rows == [["ok"]] ? [] : rows.map { $0.joined(separator: " ") }
    }

    /// https://www.sqlite.org/pragma.html#pragma_foreign_key_check
    private func orphans(_ reader: SQLiteConnection) throws(DatabaseError) -> [String] {
        try reader.texts("PRAGMA foreign_key_check", atMost: Self.limit).map { row in
            "table \(row[0]), row \(row[1]): refers to a row of \(row[2]) that is not there (foreign key \(row[3]))"
        }
    }
}

extension SQLiteConnection {
    /// The rows of a statement of the host's own, without parameters. NULL is "-".
    func texts(_ text: String, atMost limit: Int) throws(DatabaseError) -> [[String]] {
        try trusted { () throws(DatabaseError) in
            var statement: OpaquePointer?
            defer { sqlite3_finalize(statement) }
            var code = sqlite3_prepare_v2(handle, text, -1, &statement, nil)
            guard code == SQLITE_OK else { throw DatabaseError(sqlite: handle, code, doing: text) }
            var rows: [[String]] = []
            while rows.count < limit {
                code = sqlite3_step(statement)
                guard code == SQLITE_ROW else {
                    guard code == SQLITE_DONE else { throw DatabaseError(sqlite: handle, code, doing: text) }
                    break
                }
                rows.append(
                    (0..<sqlite3_column_count(statement)).map { column in
                        sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "-"
                    })
            }
            return rows
        }
    }

    /// The only value of a statement of the host's own.
    func number(_ text: String) throws(DatabaseError) -> UInt64 {
        let rows = try texts(text, atMost: 1)
        guard let number = rows.first?.first.flatMap({ UInt64($0) }) else {
            throw DatabaseError(.damaged, "\(text): expected a number, found \(rows)")
        }
        return number
    }
}
