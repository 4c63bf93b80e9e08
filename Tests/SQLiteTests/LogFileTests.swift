import CSQLite
import SQL
import Testing

@testable import SQLite

/// What a commit writes to the log, and when.
@Suite struct LogFileTests {
    private let disk = Disk()
    private let log: UnsafeMutablePointer<LogFile>

    init() {
        log = .allocate(capacity: 1)
        log.initialize(to: LogFile(disk.file))
    }

    private func write(_ count: Int, at offset: Int64, byte: UInt8 = 7) -> Int32 {
        [UInt8](repeating: byte, count: count).withUnsafeBytes {
            log.pointee.write($0.baseAddress!, count, at: offset)
        }
    }

    private func commit(_ body: () -> Void) {
        log.pointee.beginCommit()
        body()
        log.pointee.endCommit()
    }

    @Test func aCommitIsWrittenInOnePiece() {
        commit {
            for frame in 0..<20 {
                #expect(write(24, at: Int64(32 + frame * 4_120)) == SQLITE_OK)
                #expect(write(4_096, at: Int64(32 + frame * 4_120 + 24)) == SQLITE_OK)
            }
            #expect(disk.writes == [])
            #expect(log.pointee.flush() == SQLITE_OK)
            #expect(log.pointee.isEmpty)
        }
        #expect(disk.writes == [32..<32 + 20 * 4_120])
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
            var bytes = [UInt8](repeating: 0, count: 100)
            #expect(bytes.withUnsafeMutableBytes { log.pointee.read($0.baseAddress!, 100, at: 0) } == SQLITE_OK)
            #expect(bytes == [UInt8](repeating: 9, count: 100))
        }
    }

    @Test func outsideOfCommitsNothingWaits() {
        #expect(write(100, at: 0) == SQLITE_OK)
        #expect(write(100, at: 100) == SQLITE_OK)
        #expect(disk.writes == [0..<100, 100..<200])
    }

    /// SQLite undoes the transaction. Nothing of it may follow.
    @Test func aCommitThatCannotBeWrittenFailsAsAWhole() {
        commit {
            #expect(write(100, at: 0) == SQLITE_OK)
            disk.failure = SQLITE_FULL
            #expect(log.pointee.flush() == SQLITE_FULL)
            disk.failure = SQLITE_OK
            #expect(write(100, at: 100) == SQLITE_FULL)
            #expect(write(100, at: 5_000) == SQLITE_FULL)
            var byte: UInt8 = 0
            #expect(log.pointee.read(&byte, 1, at: 0) == SQLITE_FULL)
            #expect(log.pointee.flush() == SQLITE_FULL)
        }
        #expect(disk.writes == [])
        commit {
            #expect(write(100, at: 0) == SQLITE_OK)
            #expect(log.pointee.flush() == SQLITE_OK)
        }
        #expect(disk.writes == [0..<100])
    }

    @Test func whatACommitLeavesBehindIsForgotten() {
        commit { #expect(write(100, at: 0) == SQLITE_OK) }
        #expect(log.pointee.isEmpty)
        commit {
            #expect(write(100, at: 100) == SQLITE_OK)
            #expect(log.pointee.flush() == SQLITE_OK)
        }
        #expect(disk.writes == [100..<200])
    }
}

/// The log of a real file.
@Suite struct WriterLogTests {
    private let database = TemporaryDatabase()

    @Test func aWriterHasOne() throws {
        let connection = try SQLiteConnection(database.path, .write)
        try connection.execute("CREATE TABLE a (k INTEGER PRIMARY KEY, v BLOB)")
        #expect(LogFile.of(connection.handle) != nil)
        let reader = try SQLiteConnection(database.path, .read)
        try reader.execute("SELECT * FROM a")
        #expect(LogFile.of(reader.handle) == nil)
        #expect(LogFile.of(try SQLiteConnection(SQLiteConnection.inMemory, .write).handle) == nil)
    }

    /// The transaction is larger than the page cache: SQLite writes pages to the log before the commit, and again with it.
    @Test func pagesThatWereWrittenEarlyAreWrittenAgain() throws {
        let connection = try SQLiteConnection(database.path, .write)
        let commit = try connection.prepareOwn("COMMIT")
        try connection.execute("PRAGMA cache_size = 10; CREATE TABLE a (k INTEGER PRIMARY KEY, v BLOB)")
        let insert = """
            WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 1000)
            INSERT INTO a SELECT k, printf('%0500d', k) FROM n
            """
        for round in 1...3 {
            try connection.execute(
                "BEGIN IMMEDIATE; DELETE FROM a; \(insert); UPDATE a SET v = v || \(round) WHERE k % 7 = 0")
            try connection.commit(commit)
            let reader = try SQLiteConnection(database.path, .read)
            try reader.trusted { () throws(DatabaseError) in
                var statements = Statements()
                let check = Command(statements.make("PRAGMA integrity_check"), ValueList())
                #expect(try reader.run(check, RunLimits(resultBytes: 1_000)).values == ValueList("ok"))
                let sum = Command(
                    statements.make(
                        "SELECT count(*), sum(length(v)), count(*) FILTER (WHERE substr(v, 501) = '\(round)') FROM a"),
                    ValueList())
                #expect(try reader.run(sum, RunLimits(resultBytes: 1_000)).values == ValueList(1_000, 500_142, 142))
            }
        }
    }
}

/// A file that notes where it is written, and fails when told to.
private final class Disk {
    private struct File {
        var base = sqlite3_file()
        let disk: Unmanaged<Disk>
    }

    private(set) var writes: [Range<Int>] = []
    private var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var failure = SQLITE_OK
    private let memory = UnsafeMutablePointer<File>.allocate(capacity: 1)
    private let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    var file: UnsafeMutablePointer<sqlite3_file> {
        UnsafeMutableRawPointer(memory).assumingMemoryBound(to: sqlite3_file.self)
    }

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
        methods.initialize(to: all)
        memory.initialize(to: File(base: sqlite3_file(pMethods: methods), disk: Unmanaged.passUnretained(self)))
    }

    deinit {
        memory.deallocate()
        methods.deallocate()
    }

    private static func of(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Disk {
        UnsafeMutableRawPointer(file!).assumingMemoryBound(to: File.self).pointee.disk.takeUnretainedValue()
    }

    private func write(_ piece: UnsafeRawBufferPointer, _ offset: Int) -> Int32 {
        guard failure == SQLITE_OK else { return failure }
        writes.append(offset..<offset + piece.count)
        bytes.replaceSubrange(offset..<offset + piece.count, with: piece)
        return SQLITE_OK
    }
}
