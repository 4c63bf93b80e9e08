import CMariaDB
import SQL
import Threads

/// Rows in batches.
///
/// The statement opens a cursor: the server runs it to its end, keeps the rows in a table of its own, and sends them when they are fetched. So a
/// plugin that takes its time holds no lock, no old version of a row and no buffer of the network on the server, only that table, and a cursor
/// that ends early has nothing left to be read.
extension MariaDBConnection {
    package func read(
        _ command: Command, _ limits: RunLimits, batchBytes: Int, _ next: (StatementResult) -> RunLimits?
    ) throws(DatabaseError) -> StatementResult {
        let order = Order(command, limits, opensCursor: true)
        return try run(order) { (statement, columns, start) throws(DatabaseError) in
            do throws(DatabaseError) {
                let last = try readBatches(of: statement, columns, limits, batchBytes, since: start, next)
                if let last { return last }
                discardRows(of: statement)
            } catch {
                prepared[order.key] = nil
                throw error
            }
            // Closes the cursor.
            prepared[order.key] = nil
            return StatementResult()
        }
    }

    /// nil: the rest is not wanted.
    private func readBatches(
        of statement: PreparedStatement, _ columns: ResultColumns, _ limits: RunLimits, _ batchBytes: Int,
        since start: UInt64, _ next: (StatementResult) -> RunLimits?
    ) throws(DatabaseError) -> StatementResult? {
        var (limits, start) = (limits, start)
        var pace = FetchPace(batchBytes: batchBytes)
        var batch = StatementResult()
        batch.columns = columns.names
        statement.prefetch(pace.rows)
        while try fetchRow(of: statement, columns, since: start) {
            if batch.values.byteCount >= batchBytes {
                batch.isPartial = true
                hasGivenRows = true
                guard let granted = next(batch) else { return nil }
                (limits, start) = (granted, readMonotonicClock())
                guard start < limits.deadline else {
                    discardRows(of: statement)
                    throw DatabaseError(.timeout, "there was no time left for the next rows")
                }
                batch.values.removeAll()
            }
            let before = batch.values.byteCount
            try appendRow(
                of: statement, columns, to: &batch, limit: before + limits.resultBytes, since: start
            ) { "a row has more than \(limits.resultBytes) bytes" }
            if pace.note(rowBytes: batch.values.byteCount - before) { statement.prefetch(pace.rows) }
        }
        batch.isPartial = false
        return batch
    }
}

/// How many rows are fetched at once: about a batch, but few as long as it is not known how large they are, because all of them are in memory.
struct FetchPace {
    private static let most = 256

    let batchBytes: Int
    private(set) var rows = 4
    private var seenRows = 0
    private var seenBytes = 0

    init(batchBytes: Int) { self.batchBytes = batchBytes }

    /// True: `rows` is another number now.
    mutating func note(rowBytes: Int) -> Bool {
        seenRows += 1
        seenBytes += rowBytes
        guard seenRows >= rows else { return false }
        let wanted = min(batchBytes / max(seenBytes / seenRows, 1), rows * 4, Self.most)
        (seenRows, seenBytes) = (0, 0)
        defer { rows = max(wanted, 1) }
        return rows != max(wanted, 1)
    }
}
