import SQL
import Synchronization

/// The users of a host, by the databases in which they are.
package final class UserDirectories: Sendable {
    private let databases: any DatabaseDirectory
    private let hasThreads: Bool
    private let open = Mutex<[String: UserDirectory]>([:])

    /// - Parameter hasThreads: false: steps run on the thread that asks.
    package init(_ databases: any DatabaseDirectory, hasThreads: Bool = true) {
        (self.databases, self.hasThreads) = (databases, hasThreads)
    }

    /// Opens the database if nobody has. nil: there is none of this name.
    package func directory(_ name: String) throws(DatabaseError) -> UserDirectory? {
        if let known = open.withLock({ $0[name] }) { return known }
        guard let database = try databases.database(name) else { return nil }
        return open.withLock { open in
            if let known = open[name] { return known }
            let made = UserDirectory(database, hasThread: hasThreads)
            open[name] = made
            return made
        }
    }

    /// nil: no listener has asked for users in this database.
    package func answer(_ question: UserQuestion, in database: String) throws(UserProblem) -> [UserRecord]? {
        guard let directory = open.withLock({ $0[database] }) else { return nil }
        return try directory.answer(question)
    }

    package func stop() {
        for directory in open.withLock({ Array($0.values) }) { directory.stop() }
    }
}
