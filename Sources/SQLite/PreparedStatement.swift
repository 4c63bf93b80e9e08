import CSQLite
import Glibc

/// A statement that a connection has prepared.
final class PreparedStatement {
    let handle: OpaquePointer
    /// The names of its columns when it was last run, so that each run need not copy them.
    private var columns: [String] = []

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { sqlite3_finalize(handle) }

    /// The names of its columns. Known for certain only after a step: the schema may have changed.
    func currentColumns() -> [String] {
        let width = sqlite3_column_count(handle)
        if width == 0 { return [] }
        if columns.count != Int(width) || !columns.indices.allSatisfy(isCurrent) {
            columns = (0..<width).map { sqlite3_column_name(handle, $0).map { String(cString: $0) } ?? "" }
        }
        return columns
    }

    private func isCurrent(_ column: Int) -> Bool {
        sqlite3_column_name(handle, Int32(column)).map { strcmp($0, columns[column]) == 0 } ?? false
    }
}
