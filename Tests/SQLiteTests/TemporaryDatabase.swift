import Glibc
import SQL
import Synchronization
import Threads

@testable import SQLite

/// A file of SQLite in a folder of its own, removed with the object.
final class TemporaryDatabase: Sendable {
    let folder: String
    var path: String { folder + "/test.db" }

    init() {
        var name = Array("/tmp/martlet-sqlite-XXXXXX\0".utf8CString)
        guard mkdtemp(&name) != nil else { fatalError("mkdtemp: \(errno)") }
        folder = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for suffix in ["", "-wal", "-shm", "-lock"] { unlink(path + suffix) }
        rmdir(folder)
    }
}

extension SQLiteWriter {
    /// Runs one job and waits for its outcome.
    func run(_ commands: [Command], deadline: UInt64 = .max) -> Job.Outcome {
        let reply = Reply<Job.Outcome>()
        if let error = submit(Job(commands, deadline: deadline, answer: { reply.set($0) })) { return .failure(error) }
        return reply.wait()
    }

    func run(_ statement: Statement, _ parameters: ValueList = ValueList()) throws(DatabaseError) -> StatementResult {
        try run([Command(statement, parameters)]).get()[0]
    }
}

extension ValueList {
    init(_ values: Any?...) {
        self.init()
        for value in values {
            switch value {
            case let number as Int: append(.integer(Int64(number)))
            case let number as Double: append(.real(number))
            case let text as String: append(text)
            case let bytes as [UInt8]: append(bytes)
            default: append(.null)
            }
        }
    }
}

/// Statements with numbers of their own.
struct Statements {
    private var count = 0

    mutating func make(_ text: String) -> Statement {
        defer { count += 1 }
        return Statement(number: count, text: text)
    }
}
