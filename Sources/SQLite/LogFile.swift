import CSQLite
import Glibc

/// The write-ahead log of a writer, as SQLite sees it: a file of a VFS that collects what a commit writes.
///
/// SQLite writes each page of a commit with two system calls: its header, and the page. For short transactions that is half of the
/// processor time of a writer. The writes are contiguous, so this file hands them to the kernel in large pieces. The last piece goes
/// when SQLite syncs the log. Until then nobody else sees the commit: SQLite changes the index of the log after the sync.
///
/// Outside of commits, and after the first sync in one, each write is passed on at once.
/// https://www.sqlite.org/c3ref/vfs.html, https://www.sqlite.org/walformat.html
struct LogFile {
    /// SQLite's own part. It comes first, and has the table of functions.
    private var base = sqlite3_file()
    /// The file of the VFS below. It lies behind this in memory of SQLite's.
    let below: UnsafeMutablePointer<sqlite3_file>
    /// What has been written and not passed on: `count` bytes, which belong at `start` of the file.
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: LogFile.capacity, alignment: 16)
    private var start: Int64 = 0
    private var count = 0
    private var collects = false
    /// A code of SQLite's. The rest of the commit cannot be written either: SQLite believes that what came before is in the file.
    private var failure = SQLITE_OK

    /// The VFS of unix writes up to 128 KiB - 1 at once.
    private static let capacity = 124 << 10

    init(_ below: UnsafeMutablePointer<sqlite3_file>) { self.below = below }

    // MARK: For connections

    /// The name of the VFS, for `sqlite3_open_v2`. nil: it could not be made, and SQLite's own does.
    static let vfsName: String? = register()

    /// The log of a connection; nil: it has none, or not one of this VFS.
    static func of(_ connection: OpaquePointer) -> UnsafeMutablePointer<LogFile>? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file)
        guard code == SQLITE_OK, let file, file.pointee.pMethods == UnsafePointer(methods) else { return nil }
        return log(file)
    }

    mutating func beginCommit() {
        assert(count == 0 && !collects)
        (collects, failure) = (true, SQLITE_OK)
    }

    /// - Parameter isDone: false: it has failed, and SQLite has forgotten what it had written.
    mutating func endCommit(isDone: Bool) {
        // SQLite has synced it, unless `synchronous` is not what the writer has set. Without it others would read pages that are not there.
        if isDone { precondition(flush() == SQLITE_OK, "SQLite has committed what cannot be written to the log") }
        (collects, failure, count) = (false, SQLITE_OK, 0)
    }

    // MARK: For SQLite

    mutating func write(_ bytes: UnsafeRawPointer, _ size: Int, at offset: Int64) -> Int32 {
        guard failure == SQLITE_OK else { return failure }
        guard collects else { return passOn(bytes, size, at: offset) }
        if offset != start + Int64(count) || count + size > Self.capacity {
            let code = flush()
            guard code == SQLITE_OK else { return code }
            start = offset
        }
        guard size <= Self.capacity else { return passOn(bytes, size, at: offset) }
        (buffer + count).copyMemory(from: bytes, byteCount: size)
        count += size
        return SQLITE_OK
    }

    /// After a failure, SQLite reads what it needs to undo the transaction: earlier pages, which are in the file.
    mutating func read(_ bytes: UnsafeMutableRawPointer, _ size: Int32, at offset: Int64) -> Int32 {
        if failure == SQLITE_OK, flush() != SQLITE_OK { return failure }
        return functions.xRead(below, bytes, size, offset)
    }

    mutating func sync(_ flags: Int32) -> Int32 {
        guard flush() == SQLITE_OK else { return failure }
        // SQLite may publish the commit now.
        collects = false
        return functions.xSync(below, flags)
    }

    /// Passes on what has been collected.
    mutating func flush() -> Int32 {
        guard failure == SQLITE_OK, count > 0 else { return failure }
        defer {
            start += Int64(count)
            count = 0
        }
        return passOn(buffer, count, at: start)
    }

    private mutating func passOn(_ bytes: UnsafeRawPointer, _ size: Int, at offset: Int64) -> Int32 {
        let code = functions.xWrite(below, bytes, Int32(size), offset)
        if collects { failure = code }
        return code
    }

    private var functions: sqlite3_io_methods { below.pointee.pMethods.pointee }

    private static func log(_ file: UnsafeMutablePointer<sqlite3_file>?) -> UnsafeMutablePointer<LogFile> {
        UnsafeMutableRawPointer(file!).assumingMemoryBound(to: LogFile.self)
    }

    private static func afterFlush(
        _ file: UnsafeMutablePointer<sqlite3_file>?,
        _ body: (UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods) -> Int32
    ) -> Int32 {
        let log = log(file)
        let code = log.pointee.flush()
        return code == SQLITE_OK ? body(log.pointee.below, log.pointee.functions) : code
    }

    /// Version 1: the log is neither shared memory nor mapped.
    nonisolated(unsafe) private static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
        var all = sqlite3_io_methods()
        all.iVersion = 1
        all.xClose = { file in
            let log = log(file)
            let code = log.pointee.functions.xClose(log.pointee.below)
            log.pointee.buffer.deallocate()
            return code
        }
        all.xRead = { file, bytes, size, offset in log(file).pointee.read(bytes!, size, at: offset) }
        all.xWrite = { file, bytes, size, offset in log(file).pointee.write(bytes!, Int(size), at: offset) }
        all.xTruncate = { file, size in afterFlush(file) { $1.xTruncate($0, size) } }
        all.xSync = { file, flags in log(file).pointee.sync(flags) }
        all.xFileSize = { file, size in afterFlush(file) { $1.xFileSize($0, size) } }
        all.xFileControl = { file, operation, argument in
            afterFlush(file) { $1.xFileControl($0, operation, argument) }
        }
        // Locks are those of the database's file.
        all.xLock = { _, _ in SQLITE_OK }
        all.xUnlock = { _, _ in SQLITE_OK }
        all.xCheckReservedLock = { _, isReserved in
            isReserved?.pointee = 0
            return SQLITE_OK
        }
        all.xSectorSize = { file in log(file).pointee.functions.xSectorSize(log(file).pointee.below) }
        all.xDeviceCharacteristics = { file in
            log(file).pointee.functions.xDeviceCharacteristics(log(file).pointee.below)
        }
        return allocate(all)
    }()

    // MARK: The VFS

    /// SQLite's own VFS for this system.
    nonisolated(unsafe) private static let system: UnsafeMutablePointer<sqlite3_vfs>? = sqlite3_vfs_find(nil)

    private static func openBelow(
        _ path: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ opened: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        system?.pointee.xOpen(system, path, file, flags, opened) ?? SQLITE_CANTOPEN
    }

    private static func register() -> String? {
        guard let system, MemoryLayout<LogFile>.offset(of: \.base) == 0 else { return nil }
        let name = "martlet-log"
        // A copy, whose functions are those of the system's: they take what they need from `pAppData`.
        var vfs = system.pointee
        vfs.pNext = nil
        // Lives as long as the process.
        vfs.zName = UnsafePointer(strdup(name))
        vfs.szOsFile += Int32(MemoryLayout<LogFile>.stride)
        vfs.xOpen = { _, path, file, flags, opened in
            guard flags & SQLITE_OPEN_WAL != 0 else { return LogFile.openBelow(path, file, flags, opened) }
            file!.pointee.pMethods = nil
            let memory = UnsafeMutableRawPointer(file!)
            let below = (memory + MemoryLayout<LogFile>.stride).assumingMemoryBound(to: sqlite3_file.self)
            let code = LogFile.openBelow(path, below, flags, opened)
            guard code == SQLITE_OK else { return code }
            var log = LogFile(below)
            log.base.pMethods = UnsafePointer(LogFile.methods)
            memory.bindMemory(to: LogFile.self, capacity: 1).initialize(to: log)
            return SQLITE_OK
        }
        return sqlite3_vfs_register(allocate(vfs), 0) == SQLITE_OK ? name : nil
    }

    /// Memory that is never freed.
    private static func allocate<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
        let pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        pointer.initialize(to: value)
        return pointer
    }
}
