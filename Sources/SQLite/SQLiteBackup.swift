import CSQLite
import Glibc
import SQL
import Threads

/// Copies a database while others read and write it: as it was at the moment when the copy began.
///
/// A transaction that reads stays open meanwhile, so what is committed later changes nothing, and no step has to begin again. Unlike
/// VACUUM INTO it can pause and be cancelled between steps, and knows how much is left. The log of the database cannot begin anew
/// before the copy is done.
package struct SQLiteBackup {
    /// Pages in a step.
    private static let step: Int32 = 256
    /// After so many steps the copy is written to the disk, so that not all of it comes at the end, where a commit would wait for it.
    private static let stepsBetweenWrites = 16
    /// After each step others have the disk for as long as the step took, but for this long at most.
    private static let longestPause: UInt64 = 20_000_000

    private let source: String
    private let destination: String
    private let replaces: Bool

    /// - Parameters:
    ///   - destination: absolute.
    ///   - replaces: it may be there already.
    package init(of source: String, to destination: String, replaces: Bool) {
        (self.source, self.destination, self.replaces) = (source, destination, replaces)
    }

    /// - Parameter progress: is told after each step how many of how many bytes are done. It throws to end the copy.
    /// - Returns: the size of the copy in bytes.
    package func run(
        _ progress: (_ done: UInt64, _ total: UInt64) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> UInt64 {
        let file = try BackupFile(destination, replaces: replaces)
        do throws(DatabaseError) {
            try copy(to: file, progress)
            return try file.finish()
        } catch {
            file.abandon()
            throw error
        }
    }

    private func copy(
        to file: borrowing BackupFile, _ progress: (UInt64, UInt64) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let reader = try SQLiteConnection(source, .read)
        try reader.execute("BEGIN")
        // The transaction sees the database as it is at its first statement.
        let pageSize = try reader.number("PRAGMA page_size")
        try reader.execute("SELECT 1 FROM sqlite_schema LIMIT 1")
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(file.path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        defer { sqlite3_close_v2(opened) }
        guard code == SQLITE_OK, let opened else {
            throw DatabaseError(sqlite: opened, code, doing: "open \(file.path)")
        }
        sqlite3_extended_result_codes(opened, 1)
        // If anything fails, there is no copy.
        try run("PRAGMA journal_mode = OFF", on: opened, file)
        try run("PRAGMA synchronous = OFF", on: opened, file)
        try copyPages(of: reader, to: opened, pageSize: pageSize, file, progress)
        // The copy of a database with a log says that it has one, and could not be read in a folder that cannot be written to.
        try run("PRAGMA locking_mode = EXCLUSIVE", on: opened, file)
        try run("PRAGMA journal_mode = DELETE", on: opened, file)
    }

    private func copyPages(
        of reader: SQLiteConnection, to copy: OpaquePointer, pageSize: UInt64, _ file: borrowing BackupFile,
        _ progress: (UInt64, UInt64) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        guard let backup = sqlite3_backup_init(copy, "main", reader.handle, "main") else {
            throw failure(copy, sqlite3_errcode(copy), file)
        }
        var isFinished = false
        defer { if !isFinished { sqlite3_backup_finish(backup) } }
        var steps = 0
        while true {
            let began = readMonotonicClock()
            let code = sqlite3_backup_step(backup, Self.step)
            let total = UInt64(sqlite3_backup_pagecount(backup)) * pageSize
            let done = total - UInt64(sqlite3_backup_remaining(backup)) * pageSize
            guard code == SQLITE_OK || code == SQLITE_DONE else {
                // The connection knows the error only afterwards.
                sqlite3_backup_finish(backup)
                isFinished = true
                throw failure(copy, code, file, after: (done, total))
            }
            try progress(done, total)
            if code == SQLITE_DONE { break }
            steps += 1
            if steps % Self.stepsBetweenWrites == 0 { try file.write() }
            usleep(UInt32(min(readMonotonicClock() - began, Self.longestPause) / 1_000))
        }
        isFinished = true
        let code = sqlite3_backup_finish(backup)
        guard code == SQLITE_OK else { throw failure(copy, code, file) }
    }

    private func run(
        _ text: String, on copy: OpaquePointer, _ file: borrowing BackupFile
    ) throws(DatabaseError) {
        let code = sqlite3_exec(copy, text, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(copy, code, file) }
    }

    private func failure(
        _ copy: OpaquePointer, _ code: Int32, _ file: borrowing BackupFile,
        after progress: (done: UInt64, total: UInt64) = (0, 0)
    ) -> DatabaseError {
        var error = DatabaseError(sqlite: nil, code, doing: "write \(file.path)")
        if error.kind == .full {
            error.text = "\(file.path): no space is left, after \(progress.done) of \(progress.total) bytes"
        }
        return error
    }
}
