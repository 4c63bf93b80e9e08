import CSQLite
import Foundation
import SQL
import Testing

@testable import SQLite

/// What a commit writes to the log, and when.
@Suite struct LogFileTests {
    private let disk = Disk()
    private var log: UnsafeMutablePointer<LogFile> { disk.log }

    private func write(_ count: Int, at offset: Int64, byte: UInt8 = 7) -> Int32 {
        [UInt8](repeating: byte, count: count).withUnsafeBytes {
            log.pointee.write($0.baseAddress!, count, at: offset)
        }
    }

    private func commit(isDone: Bool = true, _ body: () -> Void) {
        log.pointee.beginCommit()
        body()
        log.pointee.endCommit(isDone: isDone)
    }

    private func read(_ count: Int32, at offset: Int64) -> (code: Int32, bytes: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: Int(count))
        let code = bytes.withUnsafeMutableBytes { log.pointee.read($0.baseAddress!, count, at: offset) }
        return (code, bytes)
    }

    @Test func aCommitIsWrittenInOnePiece() {
        commit {
            for frame in 0..<20 {
                #expect(write(24, at: Int64(32 + frame * 4_120)) == SQLITE_OK)
                #expect(write(4_096, at: Int64(32 + frame * 4_120 + 24)) == SQLITE_OK)
            }
            #expect(disk.events == [])
            #expect(log.pointee.sync(0) == SQLITE_OK)
        }
        #expect(disk.events == [.write(32..<32 + 20 * 4_120), .sync])
    }

    @Test func aLongCommitIsWrittenInPiecesThatTheSystemTakes() {
        commit {
            for frame in 0..<100 { #expect(write(4_120, at: Int64(frame * 4_120)) == SQLITE_OK) }
            #expect(log.pointee.flush() == SQLITE_OK)
            // Larger than the buffer.
            #expect(write(130_000, at: 412_000) == SQLITE_OK)
            #expect(write(1, at: 542_000) == SQLITE_OK)
            #expect(log.pointee.flush() == SQLITE_OK)
        }
        #expect(
            disk.writes.dropLast(2).allSatisfy {
                $0.count < 128 << 10 && $0.count > 120_000 || $0.upperBound == 412_000
            })
        #expect(disk.writes.first?.lowerBound == 0)
        #expect(zip(disk.writes, disk.writes.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        #expect(disk.writes.last?.upperBound == 542_001)
    }

    @Test func whatIsWrittenElsewhereComesAfterwards() {
        commit {
            #expect(write(100, at: 1_000) == SQLITE_OK)
            #expect(write(10, at: 500) == SQLITE_OK)
            #expect(write(10, at: 510) == SQLITE_OK)
            #expect(disk.writes == [1_000..<1_100])
            #expect(log.pointee.flush() == SQLITE_OK)
        }
        #expect(disk.writes == [1_000..<1_100, 500..<520])
    }

    @Test func readsSeeWhatWasWritten() {
        commit {
            #expect(write(100, at: 0, byte: 9) == SQLITE_OK)
            #expect(read(100, at: 0) == (SQLITE_OK, [UInt8](repeating: 9, count: 100)))
        }
    }

    @Test func outsideOfCommitsNothingWaits() {
        #expect(write(100, at: 0) == SQLITE_OK)
        #expect(write(100, at: 100) == SQLITE_OK)
        #expect(disk.writes == [0..<100, 100..<200])
    }

    /// SQLite publishes the commit after a sync, and may have padded the log after it.
    @Test func nothingWaitsAfterASync() {
        commit {
            #expect(write(100, at: 0) == SQLITE_OK)
            #expect(log.pointee.sync(0) == SQLITE_OK)
            #expect(write(50, at: 100) == SQLITE_OK)
            #expect(disk.events == [.write(0..<100), .sync, .write(100..<150)])
        }
    }

    @Test func aCommitWithoutASyncIsWrittenAtItsEnd() {
        commit { #expect(write(100, at: 0) == SQLITE_OK) }
        #expect(disk.events == [.write(0..<100)])
    }

    /// SQLite undoes the transaction. Nothing of it may follow.
    @Test func aCommitThatCannotBeWrittenFailsAsAWhole() {
        #expect(write(100, at: 0, byte: 1) == SQLITE_OK)
        commit(isDone: false) {
            #expect(write(100, at: 100) == SQLITE_OK)
            disk.failure = SQLITE_FULL
            #expect(log.pointee.sync(0) == SQLITE_FULL)
            disk.failure = SQLITE_OK
            #expect(write(100, at: 200) == SQLITE_FULL)
            #expect(write(100, at: 5_000) == SQLITE_FULL)
            #expect(log.pointee.sync(0) == SQLITE_FULL)
            #expect(read(100, at: 0) == (SQLITE_OK, [UInt8](repeating: 1, count: 100)), "it reads what it undoes")
        }
        #expect(disk.events == [.write(0..<100)])
        commit {
            #expect(write(100, at: 100) == SQLITE_OK)
            #expect(log.pointee.sync(0) == SQLITE_OK)
        }
        #expect(disk.events == [.write(0..<100), .write(100..<200), .sync])
    }

    @Test func aReadThatNeedsWhatCannotBeWrittenFails() {
        commit(isDone: false) {
            #expect(write(100, at: 0) == SQLITE_OK)
            disk.failure = SQLITE_IOERR
            #expect(read(100, at: 0).code == SQLITE_IOERR)
        }
        #expect(disk.events == [])
    }

    @Test func whatAFailedCommitLeavesBehindIsForgotten() {
        commit(isDone: false) { #expect(write(100, at: 0) == SQLITE_OK) }
        commit {
            #expect(write(100, at: 100) == SQLITE_OK)
            #expect(log.pointee.sync(0) == SQLITE_OK)
        }
        #expect(disk.events == [.write(100..<200), .sync])
    }
}

/// The log of a real file.
@Suite struct WriterLogTests {
    private let database = TemporaryDatabase()
    private let connection: SQLiteConnection
    private let commit: SQLiteConnection.Own

    init() throws {
        connection = try SQLiteConnection(database.path, .write)
        commit = try connection.prepareOwn("COMMIT")
        try connection.execute("CREATE TABLE a (k INTEGER PRIMARY KEY, v BLOB)")
    }

    @Test func aWriterHasOne() throws {
        #expect(LogFile.of(connection.handle) != nil)
        let reader = try SQLiteConnection(database.path, .read)
        try reader.execute("SELECT * FROM a")
        #expect(LogFile.of(reader.handle) == nil)
        #expect(LogFile.of(try SQLiteConnection(SQLiteConnection.inMemory, .write).handle) == nil)
    }

    /// The transaction is larger than the page cache: SQLite writes pages to the log before the commit, and again with it.
    @Test func pagesThatWereWrittenEarlyAreWrittenAgain() throws {
        try connection.execute("PRAGMA cache_size = 10")
        let insert = """
            WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 1000)
            INSERT INTO a SELECT k, printf('%0500d', k) FROM n
            """
        for round in 1...3 {
            try connection.execute(
                "BEGIN IMMEDIATE; DELETE FROM a; \(insert); UPDATE a SET v = v || \(round) WHERE k % 7 = 0")
            try connection.commit(commit)
            try check(
                "SELECT count(*), sum(length(v)), sum(substr(v, 501) = '\(round)') FROM a",
                ValueList(1_000, 500_142, 142))
        }
    }

    @Test func theLogBeginsAnewAfterACheckpoint() throws {
        for round in 1...3 {
            try connection.execute("BEGIN IMMEDIATE; INSERT INTO a (v) VALUES (zeroblob(100000 * \(round)))")
            try connection.commit(commit)
            try check("SELECT count(*), sum(length(v)) FROM a", ValueList(round, 50_000 * round * (round + 1)))
            sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        }
    }

    /// The write fails when SQLite syncs the log, and page 1 is one of those that have changed.
    @Test func aCommitThatTheDiskRefusesIsUndone() throws {
        try connection.execute("INSERT INTO a (v) VALUES (zeroblob(50000))")
        let log = try #require(LogFile.of(connection.handle))
        let file = log.pointee.below
        let works = file.pointee.pMethods!
        var fails = works.pointee
        fails.xWrite = { _, _, _, _ in SQLITE_FULL }
        try withUnsafePointer(to: fails) { fails in
            try connection.execute("BEGIN IMMEDIATE; INSERT INTO a (v) VALUES (zeroblob(70000))")
            file.pointee.pMethods = fails
            defer { file.pointee.pMethods = works }
            let error = #expect(throws: DatabaseError.self) { try connection.commit(commit) }
            #expect(error?.kind == .full)
            #expect(connection.isIdle)
        }
        try check("SELECT count(*), sum(length(v)) FROM a", ValueList(1, 50_000))
        try connection.execute("BEGIN IMMEDIATE; INSERT INTO a (v) VALUES (zeroblob(20000))")
        try connection.commit(commit)
        try check("SELECT count(*), sum(length(v)) FROM a", ValueList(2, 70_000))
    }

    /// Looks at a copy of the files without the index of the log, which another process would have to make from the log. So the frames have to be
    /// right too.
    private func check(_ query: String, _ expected: ValueList) throws {
        let copy = TemporaryDatabase()
        for suffix in ["", "-wal"] {
            let bytes = try #require(FileManager.default.contents(atPath: database.path + suffix))
            try bytes.write(to: URL(filePath: copy.path + suffix))
        }
        let reader = try SQLiteConnection(copy.path, .read)
        try reader.trusted { () throws(DatabaseError) in
            var statements = Statements()
            func values(_ query: String) throws(DatabaseError) -> ValueList {
                try reader.run(Command(statements.make(query), ValueList()), RunLimits(resultBytes: 1_000)).values
            }
            #expect(try values("PRAGMA integrity_check") == ValueList("ok"))
            #expect(try values(query) == expected)
        }
    }
}

/// A file that notes where it is written, and fails when told to.
private final class Disk {
    private struct File {
        var base = sqlite3_file()
        let disk: Unmanaged<Disk>
    }

    enum Event: Equatable {
        case write(Range<Int>)
        case sync
    }

    private(set) var events: [Event] = []
    var writes: [Range<Int>] { events.compactMap { if case .write(let range) = $0 { range } else { nil } } }
    let log = UnsafeMutablePointer<LogFile>.allocate(capacity: 1)
    private var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var failure = SQLITE_OK
    private let memory = UnsafeMutablePointer<File>.allocate(capacity: 1)
    private let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    init() {
        var all = sqlite3_io_methods()
        all.iVersion = 1
        all.xWrite = { file, bytes, count, offset in
            Disk.of(file).write(UnsafeRawBufferPointer(start: bytes, count: Int(count)), Int(offset))
        }
        all.xRead = { file, bytes, count, offset in
            Disk.of(file).bytes[Int(offset)..<Int(offset) + Int(count)].withUnsafeBytes {
                bytes!.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
            return SQLITE_OK
        }
        all.xSync = { file, _ in
            Disk.of(file).events.append(.sync)
            return SQLITE_OK
        }
        methods.initialize(to: all)
        memory.initialize(to: File(base: sqlite3_file(pMethods: methods), disk: Unmanaged.passUnretained(self)))
        let file = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: sqlite3_file.self)
        log.initialize(to: LogFile(file))
    }

    deinit {
        log.pointee.buffer.deallocate()
        log.deallocate()
        memory.deallocate()
        methods.deallocate()
    }

    private static func of(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Disk {
        UnsafeMutableRawPointer(file!).assumingMemoryBound(to: File.self).pointee.disk.takeUnretainedValue()
    }

    private func write(_ piece: UnsafeRawBufferPointer, _ offset: Int) -> Int32 {
        guard failure == SQLITE_OK else { return failure }
        events.append(.write(offset..<offset + piece.count))
        bytes.replaceSubrange(offset..<offset + piece.count, with: piece)
        return SQLITE_OK
    }
}
