import CMartlet
import SQL

/// What a plugin gets to see of an outcome: a `martlet_answer` and everything that it points to, in one block of memory. Made on a thread
/// of the database, so that a loop does not spend its time on it.
struct AnswerMemory: ~Copyable {
    let answer: UnsafeMutablePointer<martlet_answer>

    /// - Parameter cursor: of what is still to come; 0: nothing is.
    init(_ outcome: Job.Outcome, cursor: UInt64 = 0) {
        var view = martlet_answer()
        (view.size, view.cursor) = (UInt32(MemoryLayout<martlet_answer>.size), cursor)
        var results: [StatementResult] = []
        var message = ""
        switch outcome {
        case .success(let found): results = found
        case .failure(let error):
            (view.error, view.code) = (error.kind.rawValue, error.code)
            message = error.text
        }
        var block = Block(results, message)
        answer = block.take(martlet_answer.self, 1).baseAddress!
        let rows = block.take(martlet_rows.self, results.count)
        for (index, result) in results.enumerated() { (rows.baseAddress! + index).initialize(to: block.rows(result)) }
        view.message = message.withUTF8 { block.text(UnsafeRawBufferPointer($0)) }
        (view.rows, view.rows_count) = (UnsafePointer(rows.baseAddress), rows.count)
        answer.initialize(to: view)
    }

    deinit { answer.deallocate() }

    /// The memory while it is filled: structs from the front, bytes after them.
    private struct Block {
        private var next: UnsafeMutableRawPointer
        private var nextByte: UnsafeMutableRawPointer

        init(_ results: [StatementResult], _ message: String) {
            var structs = MemoryLayout<martlet_answer>.stride
            var bytes = message.utf8.count
            for result in results {
                structs += MemoryLayout<martlet_rows>.stride + MemoryLayout<martlet_text>.stride * result.columns.count
                structs += MemoryLayout<martlet_sql_value>.stride * result.values.count
                // More than the texts in it.
                bytes += result.values.byteCount + result.columns.reduce(0) { $0 + $1.utf8.count }
            }
            next = .allocate(byteCount: structs + bytes, alignment: 16)
            nextByte = next + structs
        }

        mutating func take<Struct>(_ type: Struct.Type, _ count: Int) -> UnsafeMutableBufferPointer<Struct> {
            defer { next += MemoryLayout<Struct>.stride * count }
            return UnsafeMutableBufferPointer(start: next.bindMemory(to: type, capacity: count), count: count)
        }

        mutating func text(_ bytes: UnsafeRawBufferPointer) -> martlet_text {
            let start = nextByte
            if let base = bytes.baseAddress { start.copyMemory(from: base, byteCount: bytes.count) }
            nextByte += bytes.count
            return martlet_text(data: start.assumingMemoryBound(to: CChar.self), length: bytes.count)
        }

        mutating func rows(_ result: StatementResult) -> martlet_rows {
            var rows = martlet_rows()
            (rows.changes, rows.last_id) = (result.changes, result.lastID)
            (rows.row_count, rows.column_count) = (result.rowCount, result.columns.count)
            let columns = take(martlet_text.self, result.columns.count)
            for (index, name) in result.columns.enumerated() {
                var name = name
                let copy = name.withUTF8 { text(UnsafeRawBufferPointer($0)) }
                columns.initializeElement(at: index, to: copy)
            }
            let values = take(martlet_sql_value.self, result.values.count)
            result.values.visit { index, value in values.initializeElement(at: index, to: self.value(value)) }
            (rows.columns, rows.values) = (UnsafePointer(columns.baseAddress), UnsafePointer(values.baseAddress))
            return rows
        }

        private mutating func value(_ view: ValueView) -> martlet_sql_value {
            var value = martlet_sql_value()
            switch view {
            case .null: value.kind = MARTLET_SQL_NULL
            case .integer(let number): (value.kind, value.integer) = (MARTLET_SQL_INTEGER, number)
            case .real(let number): (value.kind, value.real) = (MARTLET_SQL_REAL, number)
            case .text(let bytes): (value.kind, value.text) = (MARTLET_SQL_TEXT, text(bytes))
            case .bytes(let bytes): (value.kind, value.text) = (MARTLET_SQL_BYTES, text(bytes))
            }
            return value
        }
    }
}
