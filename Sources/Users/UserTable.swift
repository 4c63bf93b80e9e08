import SCRAM
import SQL
import Synchronization
import Threads

/// The table `martlet_users` of a database. Functions wait for the database.
struct UserTable: Sendable {
    private let database: any Database
    private let columns = "name, salt, iterations, stored_key, server_key, token, rights, prefixes, created, changed"

    init(_ database: any Database) { self.database = database }

    var name: String { database.name }

    // MARK: Schema

    static let schema = "martlet.users"

    private var steps: [String] {
        let (name, bytes, long) =
            switch database.dialect {
            case .sqlite: ("TEXT", "BLOB", "TEXT")
            // Names differ if a byte differs, even a blank at the end.
            case .mariaDB:
                (
                    "VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", "VARBINARY(64)",
                    "MEDIUMTEXT CHARACTER SET utf8mb4"
                )
            }
        return [
            """
            CREATE TABLE martlet_users (
                name \(name) NOT NULL PRIMARY KEY, salt \(bytes), iterations INTEGER, stored_key \(bytes), server_key \(bytes),
                token \(bytes) UNIQUE, rights INTEGER NOT NULL, prefixes \(long) NOT NULL, created BIGINT NOT NULL,
                changed BIGINT NOT NULL)
            """
        ]
    }

    func prepare(by deadline: Deadline) throws(UserProblem) {
        do throws(Migration.Problem) {
            try Migration(database, Self.schema, steps).run(by: deadline)
        } catch {
            throw .away("database \"\(name)\", schema \"\(Self.schema)\": \(error.text)")
        }
    }

    // MARK: Reading

    /// nil: there is none.
    func find(_ name: String, by deadline: Deadline) throws(UserProblem) -> UserRecord? {
        var parameters = ValueList()
        parameters.append(name)
        return try rows("SELECT \(columns) FROM martlet_users WHERE name = ?", parameters, by: deadline).first
    }

    func find(token digest: [UInt8], by deadline: Deadline) throws(UserProblem) -> UserRecord? {
        var parameters = ValueList()
        parameters.append(digest)
        return try rows("SELECT \(columns) FROM martlet_users WHERE token = ?", parameters, by: deadline).first
    }

    static let pageLimit = 1_000

    /// In the order of their names, from behind a name.
    func list(after name: String, by deadline: Deadline) throws(UserProblem) -> [UserRecord] {
        var parameters = ValueList()
        parameters.append(name)
        let text = "SELECT \(columns) FROM martlet_users WHERE name > ? ORDER BY name LIMIT \(Self.pageLimit)"
        return try rows(text, parameters, by: deadline)
    }

    private func rows(
        _ text: String, _ parameters: ValueList, by deadline: Deadline
    ) throws(UserProblem) -> [UserRecord] {
        let results = try ask(
            .commands([Command(database.statement(text), parameters)]), isQuery: true, by: deadline)
        return try UserRecord.all(in: results[0])
    }

    // MARK: Writing

    func add(_ record: UserRecord, by deadline: Deadline) throws(UserProblem) {
        let marks = Array(repeating: "?", count: 10).joined(separator: ", ")
        let command = Command(
            database.statement("INSERT INTO martlet_users (\(columns)) VALUES (\(marks))"), record.parameters())
        do throws(UserProblem) {
            _ = try ask(.commands([command]), by: deadline)
        } catch .constraint {
            throw .exists(record.user.name)
        }
    }

    func remove(_ name: String, by deadline: Deadline) throws(UserProblem) {
        var parameters = ValueList()
        parameters.append(name)
        let command = Command(database.statement("DELETE FROM martlet_users WHERE name = ?"), parameters)
        guard try ask(.commands([command]), by: deadline)[0].changes > 0 else { throw .unknown(name) }
    }

    /// Changes a user as it is at that moment. Returns it.
    func change(
        _ name: String, by deadline: Deadline, _ body: @escaping @Sendable (inout UserRecord) -> Void
    ) throws(UserProblem) -> UserRecord {
        let changed = Mutex<UserRecord?>(nil)
        let box = SharedRecord(changed)
        var parameters = ValueList()
        parameters.append(name)
        let find = Command(database.statement("SELECT \(columns) FROM martlet_users WHERE name = ?"), parameters)
        let update = database.statement(
            "UPDATE martlet_users SET name = ?, salt = ?, iterations = ?, stored_key = ?, server_key = ?, token = ?, rights = ?, "
                + "prefixes = ?, created = ?, changed = ? WHERE name = ?")
        _ = try ask(
            .transaction { runner throws(DatabaseError) in
                box.record.withLock { $0 = nil }
                let found = try runner.run(find)
                guard var record = try? UserRecord.all(in: found).first else { return }
                body(&record)
                var parameters = record.parameters()
                parameters.append(name)
                _ = try runner.run(Command(update, parameters))
                box.record.withLock { $0 = record }
            }, by: deadline)
        guard let record = box.record.withLock({ $0 }) else { throw .unknown(name) }
        return record
    }

    private final class SharedRecord: Sendable {
        let record: Mutex<UserRecord?>
        init(_ record: consuming Mutex<UserRecord?>) { self.record = record }
    }

    private func ask(
        _ work: Job.Work, isQuery: Bool = false, by deadline: Deadline
    ) throws(UserProblem) -> [StatementResult] {
        let reply = Reply<Job.Outcome>()
        var job = Job(work, isQuery: isQuery, deadline: deadline.nanoseconds) { reply.set($0) }
        job.end = deadline.nanoseconds
        if let error = database.submit(job) { throw .away("database \"\(name)\": \(error.text)") }
        switch reply.wait(until: deadline) {
        case .success(let results): return results
        case .failure(let error) where error.kind == .constraint: throw .constraint(error.text)
        case .failure(let error): throw .away("database \"\(name)\": \(error.text)")
        case nil: throw .away("database \"\(name)\": it does not answer")
        }
    }
}

/// Why something about users was not done.
package enum UserProblem: Error, Codable, Sendable, Equatable {
    /// The database cannot be used now: its name, and why.
    case away(String)
    case unknown(String)
    case exists(String)
    case constraint(String)
    /// A row makes no sense.
    case damaged(String)
    /// What is wrong with what was asked for.
    case invalid(String)

    package var text: String {
        switch self {
        case .away(let text), .constraint(let text), .damaged(let text), .invalid(let text): text
        case .unknown(let name): "there is no user \"\(name)\""
        case .exists(let name): "there is a user \"\(name)\" already"
        }
    }
}

// MARK: - Rows

extension UserRecord {
    private static let readOnly: Int64 = 1

    fileprivate func parameters() -> ValueList {
        var values = ValueList()
        values.append(user.name)
        switch credential {
        case .password(let verifier):
            values.append(verifier.salt)
            values.append(.integer(Int64(verifier.iterations)))
            values.append(verifier.storedKey)
            values.append(verifier.serverKey)
            values.append(.null)
        case .token(let digest):
            for _ in 0..<4 { values.append(.null) }
            values.append(digest)
        }
        values.append(.integer(user.isReadOnly ? Self.readOnly : 0))
        values.append(user.prefixes.joined(separator: "\n"))
        values.append(.integer(created))
        values.append(.integer(changed))
        return values
    }

    fileprivate static func all(in result: StatementResult) throws(UserProblem) -> [UserRecord] {
        var rows: [[Value]] = []
        result.values.visit { index, value in
            if index % result.columns.count == 0 { rows.append([]) }
            rows[rows.count - 1].append(Value(value))
        }
        var records: [UserRecord] = []
        for row in rows {
            guard let record = UserRecord(row) else {
                throw .damaged("a row of the table martlet_users makes no sense: \(row.first?.text ?? "")")
            }
            records.append(record)
        }
        return records
    }

    /// nil: somebody else has written it.
    private init?(_ row: [Value]) {
        guard row.count == 10, let name = row[0].text, let rights = row[6].integer, let prefixes = row[7].text,
            let created = row[8].integer, let changed = row[9].integer
        else { return nil }
        if let token = row[5].bytes {
            credential = .token(token)
        } else {
            guard let salt = row[1].bytes, let iterations = row[2].integer, let stored = row[3].bytes,
                let server = row[4].bytes,
                SCRAMVerifier.iterationRange.contains(Int(clamping: iterations)), !salt.isEmpty,
                stored.count == SCRAMVerifier.keyBytes, server.count == SCRAMVerifier.keyBytes
            else { return nil }
            credential = .password(
                SCRAMVerifier(salt: salt, iterations: Int(iterations), storedKey: stored, serverKey: server))
        }
        // A bit that this version does not know takes a right away that it cannot enforce.
        guard rights & ~Self.readOnly == 0 else { return nil }
        user = User(
            name: name, isReadOnly: rights & Self.readOnly != 0,
            prefixes: prefixes.split(separator: "\n").map(String.init))
        (self.created, self.changed) = (created, changed)
    }

    /// A value that is still there when the list is gone.
    private enum Value {
        case null
        case integer(Int64)
        case bytes([UInt8])

        init(_ view: ValueView) {
            switch view {
            case .null, .real: self = .null
            case .integer(let number): self = .integer(number)
            case .text(let bytes), .bytes(let bytes): self = .bytes(Array(bytes))
            }
        }

        var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
        var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
        var text: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }
    }
}
