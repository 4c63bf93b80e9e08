import Synchronization

/// A database that plugins can use. On any thread.
package protocol Database: AnyObject, Sendable {
    var name: String { get }
    var dialect: SQLDialect { get }

    /// nil: the job was taken. Otherwise it is not answered.
    func submit(_ job: Job) -> DatabaseError?

    /// A statement under a number that no other text has.
    func statement(_ text: String) -> Statement
}

/// Whose SQL a database speaks.
package enum SQLDialect: UInt32, Codable, Sendable {
    case sqlite = 1
    case mariaDB = 2
}

/// Where plugins find databases.
package protocol DatabaseDirectory: AnyObject, Sendable {
    /// nil: none has this name. Throws if it cannot be opened; a database that is only away can.
    func database(_ name: String) throws(DatabaseError) -> (any Database)?

    /// The cursors of all databases that are found here.
    var cursors: CursorDirectory { get }
}

/// Numbers the texts of statements. The same text has the same number, in all generations of all plugins.
package final class StatementNumbers: Sendable {
    private let numbers = Mutex<[String: Int]>([:])

    package init() {}

    package func statement(_ text: String) -> Statement {
        numbers.withLock { numbers in
            let number = numbers[text] ?? numbers.count
            numbers[text] = number
            return Statement(number: number, text: text)
        }
    }
}
