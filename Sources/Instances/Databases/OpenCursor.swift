import Engine
import SQL

/// A cursor and what ends it early.
struct OpenCursor: Sendable {
    let cursor: Cursor
    let directory: CursorDirectory
    let engine: Engine

    var number: UInt64 { cursor.number }
    private var connection: ConnectionID { ConnectionID(rawValue: cursor.origin.connection) }

    /// Called where an answer is delivered, with the session if there is one. False: the cursor has ended.
    ///
    /// - Parameters:
    ///   - hasMore: there are more rows.
    ///   - hasConnection: its connection is there.
    func goesOn(_ hasMore: Bool, _ hasConnection: Bool) -> Bool {
        let isFree = connection.rawValue == 0
        guard hasMore, hasConnection || isFree else {
            end()
            return false
        }
        // Here the connection is sure to be there.
        if !isFree {
            engine.whenEnded(connection, number) { [cursor, directory] in
                cursor.close()
                directory.remove(cursor.number)
            }
        }
        return true
    }

    func end() {
        cursor.close()
        directory.remove(number)
        if connection.rawValue != 0 { engine.forgetEnd(of: connection, number) }
    }
}
