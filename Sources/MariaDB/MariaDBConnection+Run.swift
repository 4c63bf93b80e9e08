import CMariaDB
import SQL
import Threads

extension MariaDBConnection {
    package func run(_ command: Command, _ limits: RunLimits) throws(DatabaseError) -> StatementResult {
        try run(Order(command, limits)) { (statement, columns, start) throws(DatabaseError) in
            try readRows(of: statement, columns, limits.resultBytes, since: start)
        }
    }

    /// A statement to run, and how.
    struct Order {
        let command: Command
        let limits: RunLimits
        var opensCursor = false

        init(_ command: Command, _ limits: RunLimits, opensCursor: Bool = false) {
            (self.command, self.limits, self.opensCursor) = (command, limits, opensCursor)
        }

        /// Of what is prepared for it. A statement that has had a cursor cannot be run without one: libmariadb believes that it is there.
        var key: Int { opensCursor ? ~command.statement.number : command.statement.number }
    }

    /// Reads the rows of a statement that was run.
    typealias RowReader = (PreparedStatement, ResultColumns, _ start: UInt64) throws(DatabaseError) -> StatementResult

    func run(_ order: Order, _ reader: RowReader) throws(DatabaseError) -> StatementResult {
        guard !isBroken else { throw Self.broken }
        if transaction == .failed { throw Self.failedTransaction }
        try limitTime(until: order.limits.deadline)
        hasGivenRows = false
        do throws(DatabaseError) {
            return try runPrepared(order, reader)
        } catch {
            guard error.asksForPreparing, !isBroken, !hasGivenRows else { throw error }
        }
        prepared[order.key] = nil
        return try runPrepared(order, reader)
    }

    /// Tells the server when to end the next statement, if that is earlier than usual, or was.
    private func limitTime(until deadline: UInt64) throws(DatabaseError) {
        let now = readMonotonicClock()
        guard deadline > now else { throw DatabaseError(.timeout, "there was no time left for the statement") }
        let left = Int64(clamping: (deadline - now).adding(saturating: 999_999) / 1_000_000)
        // The pool's own limit, which begins a moment earlier than the statement, is the usual one.
        let needed = left >= usualMilliseconds - 1_000 && left >= usualMilliseconds / 10 * 9 ? usualMilliseconds : left
        guard needed != milliseconds else { return }
        try query("SET SESSION max_statement_time = \(needed) / 1000")
        milliseconds = needed
    }

    private func runPrepared(_ order: Order, _ reader: RowReader) throws(DatabaseError) -> StatementResult {
        let start = readMonotonicClock()
        let command = order.command
        let statement = try prepare(order, since: start)
        guard !order.limits.readsOnly || statement.kind == .read else {
            throw DatabaseError(.readOnly, "a query that changes something: use execute without QUERY")
        }
        if transaction == .open, statement.kind == .definition {
            throw DatabaseError(.denied, "a statement that changes the schema would commit the transaction")
        }
        try judge(command.parameters, for: statement)
        if stateful.contains(command.statement.number) { needsReset = true }
        guard statement.execute(command.parameters) else {
            let error = failure(
                of: statement.handle, doing: "run", since: start, mayBeDone: mayBeDone(statement))
            if error.code == CR_NEW_STMT_METADATA { return try runAgain(order, error, reader) }
            throw error
        }
        guard mysql_stmt_field_count(statement.handle) > 0 else {
            var result = StatementResult()
            result.changes = mysql_stmt_affected_rows(statement.handle)
            result.lastID = Int64(truncatingIfNeeded: mysql_stmt_insert_id(statement.handle))
            try checkTransaction()
            return result
        }
        let columns = try bindColumns(of: statement, key: order.key, since: start)
        return try reader(statement, columns, start)
    }

    /// Whether a statement that gets no answer may have changed something that stays. In a transaction nothing stays without a commit.
    private func mayBeDone(_ statement: PreparedStatement) -> Bool { statement.kind != .read && transaction == .none }

    /// What the server has prepared for a statement.
    private func prepare(_ order: Order, since start: UInt64) throws(DatabaseError) -> PreparedStatement {
        if let known = prepared[order.key] { return known }
        let statement = order.command.statement
        let kind = try StatementKind(of: statement.text)
        if StatementKind.leavesState(statement.text) { stateful.insert(statement.number) }
        guard statement.text.utf8.count < largestMessage - Self.overhead else { throw tooLong }
        guard let handle = mysql_stmt_init(handle) else { throw DatabaseError(.other, "prepare: no memory") }
        var text = statement.text
        let succeeded = text.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) { mysql_stmt_prepare(handle, $0.baseAddress, UInt($0.count)) == 0 }
        }
        guard succeeded else {
            let error = failure(of: handle, doing: "prepare", since: start)
            mysql_stmt_close(handle)
            // Those that were used least recently are not known, so all make room.
            if error.code == ER_MAX_PREPARED_STMT_COUNT_REACHED { prepared.removeAll() }
            throw error
        }
        let made = PreparedStatement(handle, kind)
        if order.opensCursor { made.openCursors() }
        prepared[order.key] = made
        return made
    }

    /// The most bytes of a message beside text and values: numbers, types.
    private static let overhead = 64

    private var tooLong: DatabaseError {
        DatabaseError(
            .parameter, code: ER_NET_PACKET_TOO_LARGE, "the server takes at most \(largestMessage) bytes at once")
    }

    private func judge(_ parameters: ValueList, for statement: PreparedStatement) throws(DatabaseError) {
        guard parameters.count == statement.parameterCount else {
            throw DatabaseError(
                .parameter, "expected \(statement.parameterCount) parameters, found \(parameters.count)")
        }
        // In a message, a parameter has at most as many bytes as here, and 3 for its type and a null.
        guard parameters.byteCount + 3 * parameters.count < largestMessage - Self.overhead else { throw tooLong }
    }

    /// The schema has changed, and the result has more or fewer columns than the statement had, which libmariadb cannot read.
    private func runAgain(
        _ order: Order, _ error: DatabaseError, _ reader: RowReader
    ) throws(DatabaseError) -> StatementResult {
        guard let statement = prepared.removeValue(forKey: order.key) else { throw error }
        discardRows(of: statement)
        guard !isBroken else { throw error }
        guard statement.kind == .read else {
            throw DatabaseError(.other, code: error.code, "it was run, but its result has other columns than before")
        }
        return try runPrepared(order, reader)
    }

    /// Reads what is left of a result, so that the next statement gets its own answer.
    func discardRows(of statement: PreparedStatement) {
        let start = readMonotonicClock()
        mysql_stmt_free_result(statement.handle)
        if mysql_errno(handle) != 0 { _ = failure(doing: "discard rows", since: start) }
    }

    /// Makes room for the rows of a statement that was run.
    private func bindColumns(
        of statement: PreparedStatement, key: Int, since start: UInt64
    ) throws(DatabaseError) -> ResultColumns {
        let fields = UnsafeBufferPointer(start: handle.pointee.fields, count: Int(handle.pointee.field_count))
        assert(fields.count == Int(mysql_stmt_field_count(statement.handle)))
        let known = statement.columns
        if let known, known.haveTypes(of: fields), known.haveNames(of: fields) { return known }
        let columns = ResultColumns(fields)
        guard columns.bind(to: statement.handle) else {
            throw failure(of: statement.handle, doing: "run", since: start)
        }
        statement.columns = columns
        // libmariadb would go on giving the old names.
        if let known, !(fields.count == known.names.count && known.haveNames(of: fields)) { prepared[key] = nil }
        return columns
    }

    private func readRows(
        of statement: PreparedStatement, _ columns: ResultColumns, _ limit: Int, since start: UInt64
    ) throws(DatabaseError) -> StatementResult {
        var result = StatementResult()
        result.columns = columns.names
        while try fetchRow(of: statement, columns, since: start) {
            try appendRow(of: statement, columns, to: &result, limit: limit, since: start) {
                "the result has more than \(limit) bytes"
            }
        }
        if statement.kind == .change { result.changes = UInt64(result.rowCount) }
        return result
    }

    private func readFailure(of statement: PreparedStatement, since start: UInt64) -> DatabaseError {
        failure(of: statement.handle, doing: "read rows", since: start, mayBeDone: mayBeDone(statement))
    }

    /// False: there are no more.
    func fetchRow(
        of statement: PreparedStatement, _ columns: ResultColumns, since start: UInt64
    ) throws(DatabaseError) -> Bool {
        switch columns.fetchRow(of: statement.handle) {
        case .row: true
        case .end: false
        case .failed: throw readFailure(of: statement, since: start)
        }
    }

    func appendRow(
        of statement: PreparedStatement, _ columns: ResultColumns, to result: inout StatementResult, limit: Int,
        since start: UInt64, tooLarge text: () -> String
    ) throws(DatabaseError) {
        switch columns.appendRow(of: statement.handle, to: &result.values, limit: limit) {
        case .done: return
        case .failed: throw readFailure(of: statement, since: start)
        case .tooLarge:
            discardRows(of: statement)
            throw DatabaseError(.tooLarge, text())
        }
    }

    /// No statement that passes ends a transaction. If one does, the host must not believe that it is open.
    private func checkTransaction() throws(DatabaseError) {
        guard transaction == .open, handle.pointee.server_status & UInt32(SERVER_STATUS_IN_TRANS) == 0 else { return }
        transaction = .failed
        throw DatabaseError(.denied, "the statement has ended the transaction")
    }
}
