import MartletKit

/// A plugin with a database. Each command is a word and a newline; what comes back is described there.
struct Shop: Plugin {
    static let manifest = Manifest(
        name: "shop", version: "1.0.0", summary: "Counts items",
        options: [
            Option("steps", .integer(0...2), default: "2", help: "Steps of the schema that it knows"),
            Option("bad", .text(), default: "\"\"", help: "What it does wrong"),
        ], requires: [.databases])

    let database: Database<Shop>
    let put: SQLStatement
    let find: SQLStatement
    let all: SQLStatement
    let bad: SQLStatement
    let count: SQLStatement

    init(options: Options, host: Host<Shop>) throws(OptionError) {
        let bad = try options.text("bad")
        database = try host.openDatabase("main")
        let steps = [
            bad == "step"
                ? "CREATE" : "CREATE TABLE items (name TEXT PRIMARY KEY, count INTEGER CHECK (count < 10), note)",
            "CREATE TABLE more (x)",
        ]
        try database.migrate(bad == "name" ? "" : "shop", Array(steps.prefix(Int(try options.integer("steps")))))
        put = try database.prepare("REPLACE INTO items VALUES (?, ?, ?)")
        find = try database.prepare("SELECT count FROM items WHERE name = ?")
        all = try database.prepare("SELECT name, count, note FROM items ORDER BY name")
        self.bad = try database.prepare("SELECT missing")
        count = try database.prepare(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n")
    }

    struct Session: MartletKit.Session {
        typealias Plugin = Shop
        var cursor: SQLCursor?

        init(opening connection: Connection<Shop>) {}

        mutating func received(_ input: Span<UInt8>, from connection: Connection<Shop>) -> Int {
            let text = String(decoding: input.withUnsafeBytes { Array($0) }, as: UTF8.self)
            for line in text.split(separator: "\n") { read(String(line), connection) }
            return input.count
        }

        private mutating func read(_ command: String, _ connection: Connection<Shop>) {
            let (plugin, database) = (connection.plugin, connection.plugin.database)
            switch command {
            case "select", "wrong":
                let command = command == "select" ? plugin.count() : plugin.bad()
                say(database.select(command, for: connection.id, batchBytes: 18, done: Self.show), connection)
            case "next":
                let cursor = cursor ?? SQLCursor(rawValue: 7)
                say(database.next(cursor, for: connection.id, done: Self.show), connection)
            case "twice":
                say(database.next(cursor!, for: connection.id, done: Self.show), connection)
                say(database.next(cursor!, for: .none, done: Self.show), connection)
            case "close": connection.write("closed \(database.close(cursor!).rawValue)\n")
            default: run(command, connection)
            }
        }

        private static let show: @Sendable (Result<SQLBatch, DatabaseError>, SessionAccess<Shop>?) -> Void = {
            result, access in
            guard let access else { return }
            guard case .success(let batch) = result else { return access.fail(result) }
            if let cursor = batch.cursor { access.session.cursor = cursor }
            let numbers = batch.rows.map { "\($0.integer(0)!)" }.joined(separator: " ")
            access.say("\(batch.rows.columns) \(numbers) \(batch.cursor == nil ? "end" : "more")")
        }

        private func run(_ command: String, _ connection: Connection<Shop>) {
            let plugin = connection.plugin
            let database = plugin.database
            switch command {
            case "put":
                let commands = [plugin.put("a", 1, 2.5), plugin.put("b", 2, nil), plugin.put("", 3, [0, 255])]
                say(
                    database.execute(commands, for: connection.id) { result, access in
                        guard case .success(let rows) = result else { return access?.fail(result) ?? () }
                        access?.say(rows.map { "\($0.changes) \($0.columns.count)" }.joined(separator: ","))
                    }, connection)
            case "all":
                say(
                    database.execute([plugin.all()], isQuery: true, for: connection.id) { result, access in
                        guard case .success(let rows) = result else { return }
                        access?.say("\(rows[0].columns) " + rows[0].map(Self.describe).joined(separator: " "))
                    }, connection)
            case "bad", "both":
                let commands = command == "bad" ? [plugin.bad()] : [plugin.put("a", 5, nil), plugin.put("a", 50, nil)]
                say(
                    database.execute(commands, for: connection.id) { result, access in access?.fail(result) },
                    connection)
            case "none": say(database.execute([], for: connection.id) { _, _ in }, connection)
            case "write":
                say(
                    database.execute([plugin.put("z", 1, nil)], isQuery: true, for: connection.id) { result, access in
                        access?.fail(result)
                    }, connection)
            case "add", "throw", "ignore", "after":
                say(
                    database.transact(for: connection.id) { transaction throws(DatabaseError) in
                        try Self.add(command, plugin, transaction)
                    } done: { result, access in
                        if case .success(let count) = result {
                            access?.say("count \(count)")
                        } else {
                            access?.fail(result)
                        }
                    }, connection)
            default: break
            }
        }

        private static func add(
            _ command: String, _ plugin: Shop, _ transaction: SQLTransaction
        ) throws(DatabaseError) -> Int64 {
            let count = try transaction.run(plugin.find("a")).first?.integer(0) ?? 0
            try transaction.run(plugin.put("a", .integer(count + 1), nil))
            if command == "throw" { throw DatabaseError(.other, code: 7, "no") }
            // A broken rule undoes the statement alone.
            if command == "ignore" { _ = try? transaction.run(plugin.put("a", 11, nil)) }
            if command == "after" { _ = try? transaction.run(plugin.bad()) }
            return try transaction.run(plugin.find("a"))[0].integer(0) ?? -1
        }

        private static func describe(_ row: SQLRow) -> String {
            let note = row.bytes(2).map { "\(Array($0))" } ?? row.real(2).map { "\($0)" } ?? "-"
            return "\(row.text(0)!)=\(row["count"]):\(note)/\(row.count)"
        }

        private func say(_ result: HostResult, _ connection: Connection<Shop>) {
            if !result.isAccepted { connection.write("refused \(result.rawValue)\n") }
        }
    }
}

extension SessionAccess<Shop> {
    fileprivate func say(_ text: String) { connection.write(text + "\n") }

    fileprivate func fail<Success>(_ result: Result<Success, DatabaseError>) {
        if case .failure(let error) = result {
            say("\(error.kind.rawValue) \(error.code) \(error)")
        } else {
            say("fine")
        }
    }
}
