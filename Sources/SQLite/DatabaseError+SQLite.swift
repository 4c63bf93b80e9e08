import CSQLite
import SQL

extension DatabaseError {
    /// https://www.sqlite.org/rescode.html
    ///
    /// - Parameters:
    ///   - handle: the connection that failed; nil: it could not be made.
    ///   - task: what was tried; nil: the caller says it.
    init(sqlite handle: OpaquePointer?, _ code: Int32, doing task: String? = nil) {
        let extended = handle.map { sqlite3_extended_errcode($0) } ?? code
        let text = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
        self.init(Self.kind(of: code), code: extended, task.map { "\($0): \(text)" } ?? text)
    }

    private static func kind(of code: Int32) -> Class {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH: .constraint
        case SQLITE_ERROR, SQLITE_RANGE: .syntax
        case SQLITE_READONLY, SQLITE_PERM: .readOnly
        case SQLITE_FULL: .full
        case SQLITE_INTERRUPT: .timeout
        case SQLITE_AUTH: .denied
        case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
        case SQLITE_TOOBIG: .parameter
        case SQLITE_CANTOPEN, SQLITE_IOERR: .away
        default: .other
        }
    }
}
