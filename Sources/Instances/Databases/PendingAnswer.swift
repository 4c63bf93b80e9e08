import CMartlet
import Engine
import SQL

/// A function of a plugin that waits for the answer of a database, and then the answer, on its way to the loop.
///
/// The database's thread sets the outcome before it sends the delivery, which is when the loop reads it.
final class PendingAnswer: @unchecked Sendable {
    private let function: martlet_answered?
    private let context: UnsafeMutableRawPointer?
    var outcome = Job.Outcome.failure(DatabaseError(.other, "it was not run"))

    init(_ function: martlet_answered?, _ context: UnsafeMutableRawPointer?) {
        (self.function, self.context) = (function, context)
    }

    /// Gets the answer as its context, retained.
    static let delivery: martlet_delivery = { env, context, connection, session in
        let answer = Unmanaged<PendingAnswer>.fromOpaque(context!).takeRetainedValue()
        guard let function = answer.function, let env else { return }
        answer.withView { function(env, answer.context, connection, session, $0) }
    }

    /// What the plugin gets to see.
    private func withView(_ body: (UnsafePointer<martlet_answer>) -> Void) {
        var view = martlet_answer()
        view.size = UInt32(MemoryLayout<martlet_answer>.size)
        switch outcome {
        case .success(let results):
            withRows(results) { rows in
                (view.rows, view.rows_count) = (rows.baseAddress, rows.count)
                body(&view)
            }
        case .failure(let error):
            (view.error, view.code) = (error.kind.rawValue, error.code)
            var text = error.text
            text.withUTF8 { text in
                text.withMemoryRebound(to: CChar.self) {
                    view.message = martlet_text(data: $0.baseAddress, length: $0.count)
                }
                body(&view)
            }
        }
    }

    private func withRows(_ results: [StatementResult], _ body: (UnsafeBufferPointer<martlet_rows>) -> Void) {
        let values = UnsafeMutableBufferPointer<martlet_sql_value>.allocate(
            capacity: results.reduce(0) { $0 + $1.values.count })
        let columns = UnsafeMutableBufferPointer<martlet_text>.allocate(
            capacity: results.reduce(0) { $0 + $1.columns.count })
        let names = results.flatMap { $0.columns.map(Self.memory) }
        defer {
            values.deallocate()
            columns.deallocate()
            for name in names { name.deallocate() }
        }
        for (index, name) in names.enumerated() {
            columns.initializeElement(
                at: index, to: martlet_text(data: name.baseAddress, length: name.count))
        }
        var rows: [martlet_rows] = []
        var (valueCount, columnCount) = (0, 0)
        for result in results {
            var row = martlet_rows()
            (row.changes, row.last_id) = (result.changes, result.lastID)
            (row.row_count, row.column_count) = (result.rowCount, result.columns.count)
            row.values = values.baseAddress.map { UnsafePointer($0 + valueCount) }
            row.columns = columns.baseAddress.map { UnsafePointer($0 + columnCount) }
            result.values.visit { index, value in
                values.initializeElement(at: valueCount + index, to: martlet_sql_value(value))
            }
            valueCount += result.values.count
            columnCount += result.columns.count
            rows.append(row)
        }
        Self.keep(results[...]) { rows.withUnsafeBufferPointer(body) }
    }

    /// The values that were visited stay where they are meanwhile.
    private static func keep(_ results: ArraySlice<StatementResult>, _ body: () -> Void) {
        guard let first = results.first else { return body() }
        first.values.keepInPlace { keep(results.dropFirst(), body) }
    }

    private static func memory(_ text: String) -> UnsafeMutableBufferPointer<CChar> {
        let memory = UnsafeMutableBufferPointer<CChar>.allocate(capacity: text.utf8.count)
        _ = memory.initialize(from: text.utf8.map { CChar(bitPattern: $0) })
        return memory
    }
}

extension martlet_sql_value {
    fileprivate init(_ value: ValueView) {
        self.init()
        switch value {
        case .null: kind = MARTLET_SQL_NULL
        case .integer(let number): (kind, integer) = (MARTLET_SQL_INTEGER, number)
        case .real(let number): (kind, real) = (MARTLET_SQL_REAL, number)
        case .text(let bytes): (kind, text) = (MARTLET_SQL_TEXT, martlet_text(bytes))
        case .bytes(let bytes): (kind, text) = (MARTLET_SQL_BYTES, martlet_text(bytes))
        }
    }
}

extension martlet_text {
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(data: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), length: bytes.count)
    }
}
