import Glibc
import MartletKit

/// A table of a database with the keys of a store. Several servers may share it.
package struct StoreTable<P: Plugin>: Sendable {
    package let database: Database<P>
    package let statements: StoreStatements

    /// Makes the table if it is not there. In `Plugin.init` only.
    ///
    /// - Parameters:
    ///   - database: its name in `martlet.toml`.
    ///   - table: a plain name, which is also that of the schema.
    package init(
        _ host: Host<P>, database name: String, table: String, order: StoreTableOrder
    ) throws(OptionError) {
        let database = try host.openDatabase(name)
        let sql = StoreSQL(table: table, order: order, isMariaDB: database.dialect == .mariaDB)
        try database.migrate(table, sql.steps)
        self.database = database
        statements = try StoreStatements(database, sql)
    }
}

package enum StoreTableOrder: Sendable {
    /// A scan goes by the keys.
    case keys
    /// A scan goes by numbers, which rows keep as long as they exist.
    case numbers
}

/// The statements of a store. A key that has expired is there until it is removed, and each statement says what it does with it.
///
/// Each key has a version. A change gives it a larger one: microseconds since 1970, or one more than before if that is not larger. So a
/// version does not come back, also not after a delete.
package struct StoreStatements: Sendable {
    /// Larger than all before: microseconds since 1970.
    package static func newVersion() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// The most bytes of a key: an index of MariaDB allows 3,072.
    package static let longestKey = 1_024

    /// (key): value, version, deadline
    package let find: SQLStatement
    /// The same, and nobody else changes the key before the end of the transaction.
    package let findLocked: SQLStatement
    /// (key, value, version, deadline, now)
    private let put: SQLStatement
    /// (deadline, key)
    package let expire: SQLStatement
    /// (key)
    package let remove: SQLStatement
    /// (key, now): only if it has not expired.
    package let removeLiving: SQLStatement
    /// (key, now): only if it has expired.
    package let removeExpired: SQLStatement
    /// (after, from, to, now, limit): key, bytes of the value
    package let scanSizes: SQLStatement
    /// (after, from, to, now, limit): key, value
    package let scanValues: SQLStatement
    /// (after, now, limit): number, key
    package let scanNumbers: SQLStatement
    /// The lowest and the highest number.
    package let numbers: SQLStatement
    /// (now): keys, those of them that will expire
    package let count: SQLStatement
    package let clear: SQLStatement
    /// (now, limit): keys that have expired
    package let expired: SQLStatement

    fileprivate init(_ database: Database<some Plugin>, _ sql: StoreSQL) throws(OptionError) {
        let (table, number, isAlive) = (sql.table, sql.number, "(deadline = 0 OR deadline > ?)")
        find = try database.prepare("SELECT v, version, deadline FROM \(table) WHERE k = ?")
        findLocked = try database.prepare("SELECT v, version, deadline FROM \(table) WHERE k = ?\(sql.locked)")
        put = try database.prepare(sql.put)
        expire = try database.prepare("UPDATE \(table) SET deadline = ?, version = version + 1 WHERE k = ?")
        remove = try database.prepare("DELETE FROM \(table) WHERE k = ?")
        removeLiving = try database.prepare("DELETE FROM \(table) WHERE k = ? AND \(isAlive)")
        removeExpired = try database.prepare(
            "DELETE FROM \(table) WHERE k = ? AND deadline > 0 AND deadline <= ?")
        let range = "FROM \(table) WHERE k > ? AND k >= ? AND k < ? AND \(isAlive) ORDER BY k LIMIT ?"
        scanSizes = try database.prepare("SELECT k, length(v) \(range)")
        scanValues = try database.prepare("SELECT k, v \(range)")
        scanNumbers = try database.prepare(
            "SELECT \(number), k FROM \(table) WHERE \(number) > ? AND \(isAlive) ORDER BY \(number) LIMIT ?")
        numbers = try database.prepare("SELECT min(\(number)), max(\(number)) FROM \(table)")
        count = try database.prepare(
            "SELECT count(*), count(CASE WHEN deadline > 0 THEN 1 END) FROM \(table) WHERE \(isAlive)")
        clear = try database.prepare("DELETE FROM \(table)")
        expired = try database.prepare(
            "SELECT k FROM \(table) WHERE deadline > 0 AND deadline <= ? ORDER BY deadline LIMIT ?")
    }
}

/// What a put has done.
package struct StoredPut: Sendable {
    package let version: UInt64
    package let existed: Bool
}

extension StoreStatements {
    /// - Parameters:
    ///   - version: for a key that does not exist.
    ///   - deadline: milliseconds since 1970; 0: never.
    ///   - now: milliseconds since 1970.
    package struct Put {
        package var key: [UInt8]
        package var value: [UInt8]
        package var version: Int64
        package var deadline: Int64 = 0
        package var now: Int64

        package init(key: [UInt8], value: [UInt8], version: Int64, deadline: Int64 = 0, now: Int64) {
            (self.key, self.value, self.version) = (key, value, version)
            (self.deadline, self.now) = (deadline, now)
        }
    }

    /// `outcome` reads what it returns.
    package func command(for new: Put) -> SQLCommand {
        put(
            .bytes(new.key), .bytes(new.value), .integer(new.version), .integer(new.deadline),
            .integer(new.now))
    }

    package func outcome(ofPut version: Int64, _ rows: SQLRows) -> StoredPut {
        let noted = rows.lastID < 0 ? -rows.lastID : version
        let new = rows.first?.integer(0) ?? noted
        return StoredPut(version: UInt64(bitPattern: new), existed: new != version)
    }
}

/// What the two databases write differently.
private struct StoreSQL {
    let table: String
    let order: StoreTableOrder
    let isMariaDB: Bool

    var number: String { order == .numbers ? "id" : "0" }
    var locked: String { isMariaDB ? " FOR UPDATE" : "" }

    var steps: [String] {
        let values = "version BIGINT NOT NULL, deadline BIGINT NOT NULL"
        if isMariaDB {
            let id = order == .numbers ? "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, " : ""
            let key =
                "k VARBINARY(\(StoreStatements.longestKey)) NOT NULL \(order == .numbers ? "UNIQUE" : "PRIMARY KEY")"
            return [
                "CREATE TABLE IF NOT EXISTS \(table) (\(id)\(key), v LONGBLOB NOT NULL, \(values)) ENGINE = InnoDB",
                "CREATE INDEX IF NOT EXISTS \(table)_deadline ON \(table) (deadline)",
            ]
        }
        let table =
            order == .numbers
            ? "\(table) (id INTEGER PRIMARY KEY, k BLOB NOT NULL UNIQUE, v BLOB NOT NULL, \(values))"
            : "\(table) (k BLOB PRIMARY KEY, v BLOB NOT NULL, \(values)) WITHOUT ROWID"
        return [
            "CREATE TABLE \(table)",
            "CREATE INDEX \(self.table)_deadline ON \(self.table) (deadline) WHERE deadline > 0",
        ]
    }

    /// A row that has expired counts as none. MariaDB assigns from left to right, so the deadline comes last.
    ///
    /// MariaDB returns the version of the row. SQLite notes the version of a row that was there as its id, with a minus, since the id of a
    /// new row may be noted too.
    var put: String {
        let insert = "INSERT INTO \(table) (k, v, version, deadline) VALUES (?, ?, ?, ?) "
        func version(_ greatest: String, _ new: String) -> String {
            "CASE WHEN \(table).deadline > 0 AND \(table).deadline <= ? THEN \(greatest)(\(table).version + 1, \(new)) "
                + "ELSE \(greatest)(\(table).version, \(new)) + 1 END"
        }
        return isMariaDB
            ? insert + "ON DUPLICATE KEY UPDATE v = VALUES(v), version = \(version("greatest", "VALUES(version)")), "
                + "deadline = VALUES(deadline) RETURNING version"
            : insert + "ON CONFLICT (k) DO UPDATE SET v = excluded.v, "
                + "version = -last_insert_id(-(\(version("max", "excluded.version")))), deadline = excluded.deadline"
    }
}
