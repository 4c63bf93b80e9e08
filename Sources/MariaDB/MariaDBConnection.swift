import CMariaDB
import Glibc
import SQL
import Threads

/// A connection to a server of MariaDB. One thread uses it at a time.
package final class MariaDBConnection: DatabaseSession {
    enum Transaction {
        case none
        case open
        /// The server has rolled it back, or may have, because of a conflict. What comes next would be committed one by one, so nothing
        /// is run until the owner rolls back too.
        case failed
    }

    let handle: UnsafeMutablePointer<MYSQL>
    /// What has been prepared, by `Order.key`.
    var prepared: [Int: PreparedStatement] = [:]
    var transaction = Transaction.none
    package private(set) var isBroken = false
    /// The server takes no larger message, and closes the connection on which one comes.
    private(set) var largestMessage = 0

    /// max_statement_time of the session now, and usually.
    var milliseconds: Int64
    let usualMilliseconds: Int64
    /// Those of the prepared statements that leave something in the session.
    var stateful: Set<Int> = []
    package var needsReset = false
    /// Rows of the statement that runs were given out, so it must not be run again.
    var hasGivenRows = false

    private let address: MariaDBAddress

    /// Connects and logs in. It waits at most `connectTimeout` for the socket, and as long for each message of the server. Names are looked
    /// up first, for as long as the system's resolver takes.
    package init(_ address: MariaDBAddress) throws(DatabaseError) {
        self.address = address
        usualMilliseconds = address.statementTimeoutMilliseconds
        milliseconds = usualMilliseconds
        handle = try Self.connect(address)
        try setUp()
        largestMessage = try readLargestMessage()
    }

    deinit {
        // A server that does not read must not hold the farewell up.
        if isBroken { shutdown(mysql_get_socket(handle), Int32(SHUT_RDWR)) }
        mysql_close(handle)
        // They are released after this, and tell the server nothing any more.
    }

    /// What is the same in every session, new or reset. The server's own settings may differ.
    private func setUp() throws(DatabaseError) {
        try query("SET NAMES utf8mb4, SESSION autocommit = 1, SESSION max_statement_time = \(usualMilliseconds) / 1000")
        (milliseconds, needsReset) = (usualMilliseconds, false)
    }

    private func readLargestMessage() throws(DatabaseError) -> Int {
        try query("SELECT @@max_allowed_packet")
        guard let result = mysql_store_result(handle) else {
            throw failure(doing: "read max_allowed_packet", since: readMonotonicClock())
        }
        defer { mysql_free_result(result) }
        guard let text = mysql_fetch_row(result)?[0], let number = Int(String(cString: text)) else {
            throw DatabaseError(.damaged, "max_allowed_packet is not a number")
        }
        return number
    }

    // MARK: The host's own statements

    package func begin(readsOnly: Bool) throws(DatabaseError) {
        guard transaction == .none else { throw DatabaseError(.other, "a transaction is open already") }
        try query(readsOnly ? "START TRANSACTION READ ONLY" : "START TRANSACTION")
        transaction = .open
    }

    package func commit() throws(DatabaseError) {
        if transaction == .failed { throw Self.failedTransaction }
        try query(Self.commit)
        transaction = .none
    }

    package func rollBack() throws(DatabaseError) {
        try query("ROLLBACK")
        transaction = .none
    }

    package func reset() throws(DatabaseError) {
        try perform("reset the session") { mysql_reset_connection(handle) == 0 }
        transaction = .none
        // They are gone on the server.
        prepared.removeAll()
        stateful.removeAll()
        try setUp()
    }

    package func check() throws(DatabaseError) {
        try perform("ping") { mysql_ping(handle) == 0 }
    }

    private static let commit = "COMMIT"
    static let failedTransaction = DatabaseError(.conflict, "the transaction has failed and must be rolled back")

    /// Runs a statement without parameters. Its rows, if it has any, are left to be read.
    package func query(_ text: String) throws(DatabaseError) {
        var text = text
        try perform(text) {
            text.withUTF8 { query in
                query.withMemoryRebound(to: CChar.self) {
                    mysql_real_query(handle, $0.baseAddress, UInt($0.count)) == 0
                }
            }
        }
    }

    private func perform(_ task: String, _ body: () -> Bool) throws(DatabaseError) {
        guard !isBroken else { throw Self.broken }
        let start = readMonotonicClock()
        guard body() else { throw failure(doing: task, since: start, mayBeDone: task == Self.commit) }
    }

    // MARK: Failures

    static let broken = DatabaseError(.away, "the connection is lost")

    /// What has gone wrong with the connection, or with a statement.
    ///
    /// - Parameter mayBeDone: if the connection is lost, the server may have changed something that stays.
    func failure(
        of statement: UnsafeMutablePointer<MYSQL_STMT>? = nil, doing task: String, since start: UInt64,
        mayBeDone: Bool = false
    ) -> DatabaseError {
        // Only one of the two is set when a row cannot be read.
        let ownNumber = statement.map { mysql_stmt_errno($0) } ?? 0
        var error =
            if let statement, ownNumber != 0 {
                DatabaseError(mariaDB: ownNumber, String(cString: mysql_stmt_error(statement)), doing: task)
            } else {
                DatabaseError(mariaDB: mysql_errno(handle), String(cString: mysql_error(handle)), doing: task)
            }
        // libmariadb has no error of its own for a time-out. A time-out says that nothing was done.
        if error.kind == .away, !mayBeDone,
            readMonotonicClock() - start >= UInt64(address.readTimeoutSeconds) * 1_000_000_000
        {
            error.kind = .timeout
        }
        note(error)
        return error
    }

    private func note(_ error: DatabaseError) {
        if error.breaksConnection || error.code == 0 { isBroken = true }
        if error.kind == .conflict, transaction == .open { transaction = .failed }
    }
}
