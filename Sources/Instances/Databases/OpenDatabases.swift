import SQL

/// The databases and statements that an instance has declared, by the numbers that its plugin knows.
struct OpenDatabases {
    private(set) var databases: [any Database] = []
    private var statements: [(database: Int, statement: Statement)] = []

    mutating func add(_ database: any Database) -> Int {
        databases.append(database)
        return databases.count - 1
    }

    /// - Parameter database: a number that `add` has returned.
    mutating func add(_ text: String, to database: Int) -> Int {
        statements.append((database, databases[database].statement(text)))
        return statements.count - 1
    }

    func database(_ number: Int) -> (any Database)? { databases.indices.contains(number) ? databases[number] : nil }

    func statement(_ number: Int) -> (database: Int, statement: Statement)? {
        statements.indices.contains(number) ? statements[number] : nil
    }
}
